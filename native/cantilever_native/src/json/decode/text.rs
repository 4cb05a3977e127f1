//! A string of a document, with what the input holds after it.

/// How many bytes [`Text::block`] is.
pub(super) const BLOCK: usize = 32;

/// A string in UTF-8.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a> {
    bytes: &'a [u8],
    length: usize,
}

impl<'a> Text<'a> {
    /// The first `length` of these bytes, which are valid.
    #[inline]
    pub(super) fn new(bytes: &'a [u8], length: usize) -> Self {
        Text { bytes, length }
    }

    /// How many bytes it has.
    #[inline]
    #[must_use]
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it has none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Its bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &'a [u8] {
        &self.bytes[..self.length]
    }

    /// The string itself, at the cost of another look at all of it.
    #[must_use]
    pub fn as_str(&self) -> &'a str {
        std::str::from_utf8(self.as_bytes()).unwrap_or_default()
    }

    /// Its bytes and as many after them as fill a block, which is copied without asking how long the string is; if it is not
    /// longer, and there are as many.
    #[inline]
    pub(super) fn block(&self) -> Option<&'a [u8; BLOCK]> {
        if self.length > BLOCK {
            return None;
        }
        self.bytes.first_chunk()
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Text::new(text.as_bytes(), text.len())
    }
}
