//! What is JSON already, and only copied.

use cantilever::read::Bare;

use super::frame::Live;
use super::refusal::Reason;
use super::walk::{Walk, Worked};

impl<'a> Walk<'a, '_, '_> {
    /// Writes the next item of iodata, of which `rest` is left.
    #[cold]
    pub(super) fn more_iodata(&mut self, rest: Bare<'a>) -> Worked<'a> {
        let read = self.read;
        self.stack.pop();
        if let Some((item, tail)) = read.list_cell(rest) {
            if !read.is_empty_list(tail) {
                self.stack.push(Live::Iodata(tail));
            }
            if let Some(byte) = read.integer(item) {
                let byte = u8::try_from(byte).map_err(|_| Reason::Iodata.of(item))?;
                self.encoding.writer.out.push(byte);
            } else {
                self.stack.push(Live::Iodata(item));
            }
        } else if read.bytes(rest).is_some() {
            self.stack.push(Live::Text {
                binary: rest,
                at: 0,
                raw: true,
            });
            return self.more_text();
        } else if !read.is_empty_list(rest) {
            return Err(Reason::Iodata.of(rest));
        }
        Ok(())
    }
}
