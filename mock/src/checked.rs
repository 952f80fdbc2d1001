//! A service whose responses are checked against its document.

use std::sync::{Arc, Mutex};

use serde_json::Value;

use crate::contract::Contract;
use crate::lock;
use crate::message::{Answer, Request};
use crate::service::{Ask, Service};

/// A service, and its mistakes so far.
pub(crate) struct Checked {
    service: Arc<dyn Service>,
    mistakes: Mutex<Vec<String>>,
}

impl Checked {
    pub(crate) fn new(service: Arc<dyn Service>) -> Checked {
        Checked { service, mistakes: Mutex::default() }
    }

    /// The responses so far that the document does not allow, one line each.
    pub(crate) fn mistakes(&self) -> Vec<String> {
        lock(&self.mistakes).clone()
    }

    /// The response if the document allows it, or else a failure with the reason.
    fn checked(&self, request: &Request, answer: Answer) -> Answer {
        let contract = self.service.contract();
        let found = contract.and_then(|contract| Some((contract, contract.of(request)?)));
        let Some((contract, operation)) = found else { return answer };
        match contract.check_response(operation, &answer, self.service.is_open()) {
            Ok(()) => answer,
            Err(broken) => {
                let text = broken.to_string();
                lock(&self.mistakes).push(text.clone());
                Answer::new(500, "text/plain; charset=utf-8", format!("the fake has a bug: {text}\n"))
            }
        }
    }
}

impl Service for Checked {
    fn operation(&self, method: &str, target: &str) -> Option<String> {
        self.service.operation(method, target)
    }

    fn answer(&self, request: &Request) -> Answer {
        self.checked(request, self.service.answer(request))
    }

    fn scripted(&self, request: &Request, status: u16, headers: &[(String, String)]) -> Answer {
        let answer = self.service.scripted(request, status, headers);
        // A scripted success has no body that the document could describe.
        if status < 400 { answer } else { self.checked(request, answer) }
    }

    fn contract(&self) -> Option<&Contract> {
        self.service.contract()
    }

    fn is_open(&self) -> bool {
        self.service.is_open()
    }

    fn control(&self, ask: &Ask<'_>) -> Option<Result<Value, String>> {
        self.service.control(ask)
    }
}
