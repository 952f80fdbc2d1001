//! Reads and writes the standard types.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::digits::{double, plain, whole};
use super::input::{Entries, Input};
use super::json::{Failures, Items, Json, Pairs, View, blank, read, replace};
use super::layout::Layout;
use super::mismatch::Mismatch;

impl Json for bool {
    fn blank() -> Self {
        false
    }

    fn layout() -> &'static Layout {
        &Layout::Bool
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        *self = input.boolean()?;
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Bool(*self)
    }
}

impl Json for String {
    fn blank() -> Self {
        Self::new()
    }

    fn layout() -> &'static Layout {
        &Layout::Text
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        *self = input.string()?.into_owned();
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Text(self)
    }
}

macro_rules! integers {
    ($($integer:ident $what:literal)*) => {
        $(impl Json for $integer {
            fn blank() -> Self {
                0
            }

            fn layout() -> &'static Layout {
                // The range of every type here fits into 128 bits.
                #[allow(clippy::cast_lossless)]
                const { &Layout::Whole($integer::MIN as i128, $integer::MAX as i128) }
            }

            fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
                let digits = input.number($what)?;
                let value = digits.parse().ok().or_else(|| whole(&digits).and_then(|value| value.try_into().ok()));
                *self = value.ok_or_else(|| Mismatch::expected($what, "another number"))?;
                Ok(())
            }

            fn view(&self) -> View<'_> {
                #[allow(clippy::useless_conversion)]
                View::Whole(i128::from(*self))
            }
        })*
    };
}

integers! {
    i32 "an integer of 32 bits"
    i64 "an integer of 64 bits"
    i128 "an integer of 128 bits"
    u32 "an unsigned integer of 32 bits"
    u64 "an unsigned integer of 64 bits"
}

impl Json for f64 {
    fn blank() -> Self {
        0.0
    }

    fn layout() -> &'static Layout {
        &Layout::Double
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        let digits = input.number("a number")?;
        *self = double(&digits).ok_or_else(|| Mismatch::expected("a number", "one that a double would round"))?;
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Double(*self)
    }
}

impl Json for Value {
    fn blank() -> Self {
        Self::Null
    }

    fn layout() -> &'static Layout {
        &Layout::Any
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.step(1);
        *self = match input.peek()? {
            b'n' => {
                input.null()?;
                Self::Null
            }
            b'"' => Self::String(input.string()?.into_owned()),
            b'[' => Self::Array(read(input)?),
            b'{' => Self::Object(read(input)?),
            b'0' => {
                let digits = input.number("any value")?;
                let number = plain(&digits);
                let rounded = || Mismatch::expected("any value", "a number that would be rounded");
                Self::Number(number.ok_or_else(rounded)?)
            }
            _ => Self::Bool(input.boolean()?),
        };
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Any(self)
    }
}

impl Json for Map<String, Value> {
    fn blank() -> Self {
        Self::new()
    }

    fn layout() -> &'static Layout {
        const { &Layout::Map(Value::layout) }
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        entries(input, &mut |key, input| Json::read_more(self, key, input))
    }

    fn read_more(&mut self, key: &str, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.take_entry::<Value>(self.len(), key)?;
        let value = read(input)?;
        self.insert(key.to_owned(), value);
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Map(self)
    }
}

impl Pairs for Map<String, Value> {
    fn each(&self, see: &mut dyn FnMut(&str, View<'_>)) {
        self.iter().for_each(|(key, value)| see(key, View::Any(value)));
    }
}

impl<T: Json> Json for BTreeMap<String, T> {
    fn blank() -> Self {
        Self::new()
    }

    fn layout() -> &'static Layout {
        const { &Layout::Map(T::layout) }
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        entries(input, &mut |key, input| Json::read_more(self, key, input))
    }

    fn read_more(&mut self, key: &str, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.take_entry::<T>(self.len(), key)?;
        let value = read(input)?;
        self.insert(key.to_owned(), value);
        Ok(())
    }

    fn view(&self) -> View<'_> {
        View::Map(self)
    }
}

impl<T: Json> Pairs for BTreeMap<String, T> {
    fn each(&self, see: &mut dyn FnMut(&str, View<'_>)) {
        self.iter().for_each(|(key, value)| see(key, Json::view(value)));
    }
}

/// Reads an object with any keys. Each key is passed to a function that reads its value.
fn entries(
    input: &mut Input<'_>,
    read: &mut dyn FnMut(&str, &mut Input<'_>) -> Result<(), Mismatch>,
) -> Result<(), Mismatch> {
    let mut many = 0;
    match input.object()? {
        Entries::Tree(entries) => {
            for (key, value) in entries {
                input.part(value, |input| read(key, input)).map_err(|error| error.under(key))?;
            }
            many = entries.len();
        }
        Entries::Text => {
            let mut failures = Failures::default();
            while let Some(key) = input.key(many == 0)? {
                let read = read(&key, input);
                failures.note(|| &key, read)?;
                many += 1;
            }
            failures.first()?;
        }
    }
    input.step(many);
    Ok(())
}

impl<T: Json> Json for Vec<T> {
    fn blank() -> Self {
        Self::new()
    }

    fn layout() -> &'static Layout {
        const { &Layout::List(T::layout) }
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.list(&mut |input| Json::read_more(self, "", input))
    }

    #[inline]
    fn read_more(&mut self, _: &str, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.take_item(self)?;
        // In place, because it may be large.
        self.push(blank());
        self.last_mut().map_or(Ok(()), |item| Json::read(item, input))
    }

    fn view(&self) -> View<'_> {
        View::List(self)
    }
}

impl<T: Json> Items for Vec<T> {
    fn each(&self, see: &mut dyn FnMut(View<'_>)) {
        self.iter().for_each(|item| see(Json::view(item)));
    }
}

impl<T: Json> Json for Option<T> {
    fn blank() -> Self {
        None
    }

    fn layout() -> &'static Layout {
        const { &Layout::Nullable(T::layout) }
    }

    #[inline]
    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        if input.null()? {
            return Ok(());
        }
        Json::read_present(self, input)
    }

    // Not inlined into the function above, so that it is compiled once.
    #[inline(never)]
    fn read_present(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        replace(self, Some(blank()));
        match self {
            Some(value) => Json::read(value, input),
            None => Ok(()),
        }
    }

    #[inline]
    fn view(&self) -> View<'_> {
        match self.as_ref().map(Json::view) {
            None => View::None,
            Some(View::None) => View::Null,
            Some(view) => view,
        }
    }
}

impl<T: Json> Json for Box<T> {
    fn blank() -> Self {
        Self::new(blank())
    }

    fn layout() -> &'static Layout {
        T::layout()
    }

    fn read(&mut self, input: &mut Input<'_>) -> Result<(), Mismatch> {
        input.take(size_of::<T>())?;
        Json::read(&mut **self, input)
    }

    fn view(&self) -> View<'_> {
        Json::view(&**self)
    }
}
