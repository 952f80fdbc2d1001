//! The spans of calls, as a program's own `tracing` layer records them.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use tracing::Subscriber;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::Layer;
use tracing_subscriber::layer::{Context, SubscriberExt};

/// The fields of a span; if one is recorded twice, its last value.
pub type Fields = BTreeMap<String, String>;

/// The spans that have begun, in order.
#[derive(Clone, Default)]
pub struct Spans(Arc<Mutex<Vec<(Id, Fields)>>>);

impl Spans {
    /// Records this thread's spans until the guard is dropped.
    pub fn hear() -> (Self, DefaultGuard) {
        let spans = Self::default();
        let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(spans.clone()));
        (spans, guard)
    }

    /// The spans of calls with this HTTP method.
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
        // An id is reused after its span has ended.
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
