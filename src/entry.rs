//! A thing of a service: the handle that calls it, and what the service returned about it.

use std::ops::Deref;

/// What a list, a read or a create returns about one thing: the data, and the handle to go on with.
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
    /// An entry of its parts.
    pub fn new(handle: H, data: D) -> Self {
        Self { handle, data }
    }

    /// What calls the thing.
    pub fn handle(&self) -> &H {
        &self.handle
    }

    /// What the service returned about it.
    pub fn data(&self) -> &D {
        &self.data
    }

    /// The handle alone.
    pub fn into_handle(self) -> H {
        self.handle
    }

    /// The data alone.
    pub fn into_data(self) -> D {
        self.data
    }

    /// Both.
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
