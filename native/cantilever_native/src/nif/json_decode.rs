//! Reading JSON into terms.

mod decimal;
mod failure;
mod kept_pieces;
mod key_cache;
mod options;
mod pieces;
mod stream;
mod terms;
mod waiting;

use cantilever::{
    Binary, Encoder, Env, Handle, OwnTerm, OwnTermBuilder, SharedBinary, Term, TermBuilder,
    TermMessage, checkpoint,
};

use super::slot::Slot;
use crate::json::decode::{Parser, Progress, Scope, SyntaxError};
pub(super) use failure::Failure;
use options::Options;
use pieces::InOnePiece;
pub(super) use stream::PIECE;
use stream::{NoMessage, Stream};
use terms::Building;

/// How many bytes are read between two checkpoints: some 2 to 4 µs of work.
pub(super) const BUDGET: usize = 2048;

/// Reads a short document in one go.
#[cantilever::nif]
fn json_decode_short<'a>(env: Env<'a>, input: Binary<'a>, options: Option<Options>) -> Term<'a> {
    let options = options.unwrap_or_default();
    let mut parser = Parser::new(Scope::Document, options.limits());
    let mut piece = options.piece_for_short(input.len());
    let mut builder = TermBuilder::new(env);
    let mut building = Building::short(options, input.len());
    if building.may_refer() {
        builder.set_source(&input);
    }
    let bytes = input.as_slice();
    let mut used = 0;
    loop {
        let rest = (&bytes[used..], true, bytes.len());
        match pieces::read_on(&mut parser, rest, &mut builder, &mut building, &mut piece) {
            Ok((_, Progress::Done)) => {
                pieces::finish(&mut builder, &mut building, &mut piece);
                kept_pieces::keep(piece);
                return builder.finish();
            }
            Ok((read, _)) => used += read,
            Err(error) => return Failure::new(&error, bytes, 0).encode(env),
        }
    }
}

/// Reads a document of any length in slices.
#[cantilever::nif]
async fn json_decode_long(
    input: SharedBinary,
    options: Option<Options>,
    tag: OwnTerm,
) -> Result<TermMessage, NotSent> {
    let options = options.unwrap_or_default();
    let mut parser = Parser::new(Scope::Document, options.limits());
    let mut piece = options.piece();
    let mut builder = OwnTermBuilder::new();
    let mut building = Building::long(options, input.len());
    if building.may_refer() {
        builder.set_source(&input);
    }
    let mut used = 0;
    loop {
        let rest = (&input[used..], true, BUDGET);
        let (read, progress) =
            pieces::read_on(&mut parser, rest, &mut builder, &mut building, &mut piece)
                .map_err(|error| Failure::new(&error, &input, 0))?;
        used += read;
        match progress {
            Progress::Done => break,
            Progress::Busy => {
                let settled = waiting::settle(&mut builder, &mut building).await;
                let offset = parser.offset();
                settled
                    .map_err(|problem| Failure::new(&SyntaxError { offset, problem }, &input, 0))?;
                checkpoint().await;
            }
            _ => checkpoint().await,
        }
    }
    if builder.is_empty()
        && let Some(piece) = piece.take_if(|piece| piece.only_value().is_some())
    {
        return Err(NotSent::Document(InOnePiece::new(piece, options)));
    }
    pieces::finish(&mut builder, &mut building, &mut piece);
    kept_pieces::keep(piece);
    Ok(builder.finish().into_message(tag))
}

/// What is returned instead.
enum NotSent {
    Document(InOnePiece),
    Failure(Failure),
}

impl Encoder for NotSent {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        match self {
            NotSent::Document(document) => document.encode(env),
            NotSent::Failure(failure) => failure.encode(env),
        }
    }
}

impl From<Failure> for NotSent {
    fn from(failure: Failure) -> Self {
        NotSent::Failure(failure)
    }
}

/// A decoder that is fed a document in chunks.
#[cantilever::nif]
fn json_decoder_new(options: Option<Options>, elements: bool) -> Handle<Slot<Stream>> {
    let stream = Stream::new(options.unwrap_or_default(), elements);
    Handle::new(Slot::new(stream))
}

/// Feeds it the next chunk.
#[cantilever::nif]
async fn json_decoder_feed(
    decoder: Handle<Slot<Stream>>,
    chunk: SharedBinary,
    is_last: bool,
    tag: OwnTerm,
) -> Result<TermMessage, NoMessage> {
    let mut stream = decoder.take().ok_or(NoMessage::Unavailable)?;
    let (message, is_done) = stream.feed(&chunk, is_last, tag).await?;
    if !is_done {
        decoder.put(stream);
    }
    message.ok_or(NoMessage::Yet)
}
