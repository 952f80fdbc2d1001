//! An item of a service: the handle that calls it, and the data that the service returned.

use std::ops::Deref;

/// One item of a list, a read or a create: its data, and a handle for further calls.
///
/// Fields of the data are read through the entry itself.
///
/// ```
/// use connectors::Entry;
///
/// let entry = Entry::new("the handle", String::from("the data"));
/// assert_eq!(entry.len(), 8);
/// assert_eq!(*entry.handle(), "the handle");
/// let (handle, data) = entry.into_parts();
/// # drop((handle, data));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Entry<H, D> {
    handle: H,
    data: D,
}

impl<H, D> Entry<H, D> {
    /// Builds an entry from a handle and data.
    pub fn new(handle: H, data: D) -> Self {
        Self { handle, data }
    }

    /// The handle, for further calls.
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// The data that the service returned.
    pub fn data(&self) -> &D {
        &self.data
    }

    /// Returns the handle alone.
    pub fn into_handle(self) -> H {
        self.handle
    }

    /// Returns the data alone.
    pub fn into_data(self) -> D {
        self.data
    }

    /// Returns both.
    pub fn into_parts(self) -> (H, D) {
        (self.handle, self.data)
    }
}

impl<H, D> Deref for Entry<H, D> {
    type Target = D;

    fn deref(&self) -> &D {
        &self.data
    }
}
