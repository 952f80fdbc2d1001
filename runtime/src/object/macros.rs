//! The macros that generated code uses.

/// A struct: its name, the text of [`Members`](crate::object::Members), a blank value, its fields in the order of the
/// text, and its setters: those that set `Some` of a converted value, and the others.
#[doc(hidden)]
#[macro_export]
macro_rules! object {
    (
        $name:ident $text:literal $blank:expr;
        $($slot:ident)*;
        $($usual:ident: $of:ty,)*;
        $($field:ident $method:ident ($($value:ident: $ty:ty)?) $set:expr;)*
        $(+ $extra:ident $add:ident $more:ty;)?
    ) => {
        impl $name {
            $(
                /// Sets the field of this name.
                #[must_use]
                #[inline]
                pub fn $usual(mut self, value: impl ::std::convert::Into<$of>) -> Self {
                    self.$usual = ::std::option::Option::Some(value.into());
                    self
                }
            )*
            $(
                /// Sets the field of this name.
                #[must_use]
                #[inline]
                pub fn $method(mut self $(, $value: $ty)?) -> Self {
                    self.$field = $set;
                    self
                }
            )*
            $(
                /// Adds a key that the document does not declare.
                #[must_use]
                #[inline]
                pub fn $add(
                    mut self,
                    key: impl ::std::convert::Into<::std::string::String>,
                    value: impl ::std::convert::Into<$more>,
                ) -> Self {
                    $crate::object::add::<_, $more>(&mut self.$extra, key, value);
                    self
                }
            )?
        }

        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                $blank
            }

            $crate::fields! {
                $crate::object::Layout::Members($crate::object::Members::new($text));
                $crate::object::layout_with::<Self>; $($slot)*
            }
        }

        $crate::by_fields! { $name $($slot)* }

        impl ::std::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                $crate::object::debug(::std::stringify!($name), self, f)
            }
        }

        $crate::by_serde! { $name }
    };
}

/// The fields of a struct or a tuple: the layout, the function that completes it, and the names or places.
#[doc(hidden)]
#[macro_export]
macro_rules! fields {
    ($layout:expr; $complete:expr; $($slot:tt)*) => {
        #[inline]
        fn fields(of: $crate::object::Fields<'_, Self>) -> &'static $crate::object::Layout {
            static LAYOUT: $crate::object::Layout = $layout;
            match of {
                $crate::object::Fields::None => return $complete(&LAYOUT),
                $crate::object::Fields::Show(it, show) => show(&[$(&it.$slot),*]),
                $crate::object::Fields::Lend(it, lend) => lend(&mut [$(&mut it.$slot),*]),
            }
            &LAYOUT
        }
    };
}

/// Implements `Clone` and `PartialEq` field by field. A clone is no function of [`Field`](crate::object::Field): that would
/// be compiled for each type that a program reads, also if the program clones nothing. A comparison is short there, and
/// would take more time and memory to check here.
#[doc(hidden)]
#[macro_export]
macro_rules! by_fields {
    ($name:ident $($slot:tt)*) => {
        impl ::std::clone::Clone for $name {
            #[inline]
            fn clone(&self) -> Self {
                Self { $($slot: ::std::clone::Clone::clone(&self.$slot)),* }
            }
        }

        impl ::std::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::object::is_equal(self, other)
            }
        }
    };
}

/// Implements `Serialize` and `Deserialize` with `Json`.
#[doc(hidden)]
#[macro_export]
macro_rules! by_serde {
    ($name:ident) => {
        impl ::serde::Serialize for $name {
            #[inline]
            fn serialize<S: ::serde::Serializer>(&self, serializer: S) -> ::std::result::Result<S::Ok, S::Error> {
                $crate::object::serialize(self, serializer)
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name {
            #[inline]
            fn deserialize<D: ::serde::Deserializer<'de>>(deserializer: D) -> ::std::result::Result<Self, D::Error> {
                $crate::object::deserialize(deserializer)
            }
        }
    };
}

/// Implements `Eq` and `Ord` for an open enum, in the order of its values. A new variant does not change the order of
/// the others.
#[doc(hidden)]
#[macro_export]
macro_rules! by_value {
    ($name:ident $value:ident) => {
        impl ::std::cmp::Eq for $name {}

        impl ::std::cmp::PartialOrd for $name {
            #[inline]
            fn partial_cmp(&self, other: &Self) -> ::std::option::Option<::std::cmp::Ordering> {
                ::std::option::Option::Some(::std::cmp::Ord::cmp(self, other))
            }
        }

        impl ::std::cmp::Ord for $name {
            #[inline]
            fn cmp(&self, other: &Self) -> ::std::cmp::Ordering {
                ::std::cmp::Ord::cmp(&self.$value(), &other.$value())
            }
        }
    };
}

/// An open enum of strings: an unknown value is kept unchanged.
#[doc(hidden)]
#[macro_export]
macro_rules! open_strings {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)* } $unknown:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version does not know, unchanged.
            $unknown(::std::string::String),
        }

        $crate::by_value! { $name as_str }

        impl $name {
            /// The value as it is sent.
            #[must_use]
            #[inline]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::$unknown(text) => text,
                }
            }
        }

        impl ::std::convert::From<&str> for $name {
            #[inline]
            fn from(text: &str) -> Self {
                match text {
                    $($wire => Self::$variant,)*
                    other => Self::$unknown(::std::string::String::from(other)),
                }
            }
        }

        impl ::std::convert::From<::std::string::String> for $name {
            #[inline]
            fn from(text: ::std::string::String) -> Self {
                Self::from(text.as_str())
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = ::std::convert::Infallible;

            #[inline]
            fn from_str(text: &str) -> ::std::result::Result<Self, ::std::convert::Infallible> {
                ::std::result::Result::Ok(Self::from(text))
            }
        }

        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                Self::$unknown(::std::string::String::new())
            }

            #[inline]
            fn layout() -> &'static $crate::object::Layout {
                static LAYOUT: $crate::object::Layout = $crate::object::Layout::Texts(&[$($wire),*]);
                &LAYOUT
            }

            #[inline]
            fn read(&mut self, input: &mut $crate::object::Input<'_>) -> ::std::result::Result<(), $crate::object::Mismatch> {
                $crate::object::read_text(input, &mut |text| *self = Self::from(text))
            }

            #[inline]
            fn view(&self) -> $crate::object::View<'_> {
                $crate::object::View::Text(self.as_str())
            }
        }

        $crate::by_serde! { $name }
    };
}

/// An open enum of integers: an unknown value is kept unchanged.
#[doc(hidden)]
#[macro_export]
macro_rules! open_integers {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $wire:literal,)* } $unknown:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
            /// A value that this version does not know, unchanged.
            $unknown(i64),
        }

        $crate::by_value! { $name get }

        impl $name {
            /// The value as it is sent.
            #[must_use]
            #[inline]
            pub fn get(self) -> i64 {
                match self {
                    $(Self::$variant => $wire,)*
                    Self::$unknown(value) => value,
                }
            }
        }

        impl ::std::convert::From<i64> for $name {
            #[inline]
            fn from(value: i64) -> Self {
                match value {
                    $($wire => Self::$variant,)*
                    other => Self::$unknown(other),
                }
            }
        }

        impl ::std::fmt::Display for $name {
            #[inline]
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Display::fmt(&self.get(), f)
            }
        }

        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                Self::$unknown(0)
            }

            #[inline]
            fn layout() -> &'static $crate::object::Layout {
                static LAYOUT: $crate::object::Layout = $crate::object::Layout::Integers(&[$($wire),*]);
                &LAYOUT
            }

            #[inline]
            fn read(&mut self, input: &mut $crate::object::Input<'_>) -> ::std::result::Result<(), $crate::object::Mismatch> {
                *self = Self::from($crate::object::read::<i64>(input)?);
                ::std::result::Result::Ok(())
            }

            #[inline]
            fn view(&self) -> $crate::object::View<'_> {
                $crate::object::View::Whole(::std::convert::Into::into(self.get()))
            }
        }

        $crate::by_serde! { $name }
    };
}

/// A tuple: its blank items, their types, the number of required items, the type of further items, and its fields.
#[doc(hidden)]
#[macro_export]
macro_rules! tuple {
    ($name:ident ($($blank:expr),*) [$($item:expr),*] $required:literal $rest:expr; $($place:tt)*) => {
        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                Self($($blank),*)
            }

            #[inline]
            fn read(&mut self, input: &mut $crate::object::Input<'_>) -> ::std::result::Result<(), $crate::object::Mismatch> {
                $crate::object::read_items(self, input)
            }

            #[inline]
            fn view(&self) -> $crate::object::View<'_> {
                $crate::object::View::List(self)
            }

            $crate::fields! {
                $crate::object::Layout::Positions { items: &[$($item),*], required: $required, rest: $rest };
                ::std::convert::identity; $($place)*
            }
        }

        impl $crate::object::Items for $name {
            #[inline]
            fn each(&self, see: &mut dyn ::std::ops::FnMut($crate::object::View<'_>)) {
                $crate::object::each_item(self, see);
            }
        }

        $crate::by_fields! { $name $($place)* }
        $crate::by_serde! { $name }
    };
}

/// A list or a map that contains itself.
#[doc(hidden)]
#[macro_export]
macro_rules! wrapper {
    ($name:ident $inner:ty) => {
        impl ::std::convert::From<$inner> for $name {
            #[inline]
            fn from(inner: $inner) -> Self {
                Self(inner)
            }
        }

        impl ::std::ops::Deref for $name {
            type Target = $inner;

            #[inline]
            fn deref(&self) -> &$inner {
                &self.0
            }
        }

        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                Self($crate::object::blank())
            }

            #[inline]
            fn layout() -> &'static $crate::object::Layout {
                static LAYOUT: $crate::object::Layout =
                    $crate::object::Layout::Same(<$inner as $crate::object::Json>::layout);
                &LAYOUT
            }

            #[inline]
            fn read(
                &mut self,
                input: &mut $crate::object::Input<'_>,
            ) -> ::std::result::Result<(), $crate::object::Mismatch> {
                $crate::object::Json::read(&mut self.0, input)
            }

            #[inline]
            fn view(&self) -> $crate::object::View<'_> {
                $crate::object::Json::view(&self.0)
            }
        }

        $crate::by_serde! { $name }
    };
}

/// A union: the variant for unknown values, the tag, and the variants. Each variant has its type, the values of the tag
/// that select it, the keys that its values also have, and the tag value that is written if the value has none.
#[doc(hidden)]
#[macro_export]
macro_rules! union {
    ($name:ident $unknown:ident $tag:expr; $($place:literal $variant:ident $of:ty, [$($value:expr),*] $(where [$($key:literal),*])? $($writes:expr)?;)*) => {
        impl $crate::object::Json for $name {
            #[inline]
            fn blank() -> Self {
                Self::$unknown($crate::object::blank())
            }

            #[inline]
            fn layout() -> &'static $crate::object::Layout {
                static LAYOUT: $crate::object::Layout = $crate::object::Layout::Union($crate::object::Union {
                    tag: $tag,
                    branches: &[$($crate::object::Branch {
                        tags: &[$($value),*],
                        keys: &[$($($key),*)?],
                        of: <$of as $crate::object::Json>::layout,
                    }),*],
                });
                &LAYOUT
            }

            #[inline]
            fn read(&mut self, input: &mut $crate::object::Input<'_>) -> ::std::result::Result<(), $crate::object::Mismatch> {
                input.choose(<Self as $crate::object::Json>::layout(), |place, input| {
                    *self = match place {
                        $(::std::option::Option::Some($place) => Self::$variant($crate::object::read(input)?),)*
                        _ => Self::$unknown($crate::object::read(input)?),
                    };
                    ::std::result::Result::Ok(())
                })
            }

            #[inline]
            fn view(&self) -> $crate::object::View<'_> {
                match self {
                    $(Self::$variant(value) => $crate::union!(@view value $($writes)?),)*
                    Self::$unknown(value) => $crate::object::View::Any(value),
                }
            }
        }

        $crate::by_serde! { $name }
    };
    (@view $value:ident) => {
        $crate::object::Json::view($value)
    };
    (@view $value:ident $writes:expr) => {
        $crate::object::View::Tagged($writes, $value)
    };
}

/// The types that are behind a [`Link`](crate::object::Link) anywhere in the module.
#[doc(hidden)]
#[macro_export]
macro_rules! linked {
    ($($place:literal $name:ident $(#[$when:meta] #[$unless:meta])?;)*) => {
        // Unused if the features of all its types are off.
        #[allow(dead_code)]
        static LINKED: &[$crate::object::Kind] = &[$(
            $(#[$when])?
            $crate::object::Kind::of::<$name>(),
            $(#[$unless]
            $crate::object::Kind::ABSENT,)?
        )*];

        $($(#[$when])? impl $crate::object::Linked for $name {
            #[inline]
            fn place() -> (&'static [$crate::object::Kind], usize) {
                (LINKED, $place)
            }
        })*
    };
}
