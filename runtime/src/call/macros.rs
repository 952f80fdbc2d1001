//! The macro that generated requests use.

/// What all requests have: a start, the response as a whole or as its value, and the options of a call. `$read` is the
/// method of [`Call`](crate::Call) that reads the response, and `$method` is progenitor's.
#[doc(hidden)]
#[macro_export]
macro_rules! request {
    (
        $name:ident -> $value:ty, $read:ident($($how:expr)?);
        $operation:expr, |$outgoing:ident| $raw:ident::$method:ident($($argument:expr),*)
    ) => {
        impl $name {
            #[inline]
            pub(crate) fn begin(core: &$crate::Core) -> Self {
                let call = core.call(&$operation, |$outgoing| {
                    let client = $raw::client($outgoing);
                    client.inner.by(::core::pin::pin!(client.$method($($argument),*)))
                });
                Self { call }
            }

            /// Sends it, and returns the whole response: value, status, headers, attempts, request id.
            ///
            /// # Errors
            /// Every error of a call. The error's predicates distinguish them.
            #[inline]
            pub fn send(self) -> $crate::Sending<$crate::Response<$value>> {
                self.call.$read($($how)?)
            }
        }

        impl ::std::future::IntoFuture for $name {
            type Output = ::std::result::Result<$value, $crate::Error>;
            type IntoFuture = $crate::Sending<$value>;

            #[inline]
            fn into_future(self) -> Self::IntoFuture {
                $crate::value(self.send())
            }
        }

        impl $crate::RequestOptions for $name {
            #[inline]
            fn options_mut(&mut self) -> &mut $crate::CallOptions {
                self.call.options_mut()
            }

            #[inline]
            fn into_call(self) -> $crate::Call {
                self.call
            }
        }
    };
}
