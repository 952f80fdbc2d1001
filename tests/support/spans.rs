//! What calls tell `tracing`, as a program's own layer hears it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The fields of a span; of one that was recorded twice, the last value.
pub type Fields = BTreeMap<String, String>;

/// The spans that have begun, in order.
#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<Vec<(Id, Fields)>>>);

impl Spans {
    /// Hears this thread alone, for as long as the guard lives.
    pub fn hear() -> (Self, DefaultGuard) {
        let spans = Self::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
        (spans, guard)
    }

    /// Those of calls by this method of HTTP.
    pub fn of(&self, method: &str) -> Vec<Fields> {
        let spans = self.0.lock().unwrap();
        let is_it = |fields: &&Fields| fields.get("http.request.method").is_some_and(|known| known == method);
        spans.iter().map(|(_, fields)| fields).filter(is_it).cloned().collect()
    }
}

impl<S: Subscriber> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut Told(&mut fields));
        self.0.lock().unwrap().push((id.clone(), fields));
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        // An id is used again when its span is over.
        if let Some((_, fields)) = self.0.lock().unwrap().iter_mut().rev().find(|(known, _)| known == id) {
            values.record(&mut Told(fields));
        }
    }
}

struct Told<'a>(&'a mut Fields);

impl Visit for Told<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}
