use cantilever::{Encoder, Env, NewBinary, Term, rustler};

use crate::json::decode::{Problem, SyntaxError};

rustler::atoms! {
    error,
    unexpected,
    byte_order_mark,
    invalid_utf8,
    control_character,
    invalid_escape,
    lone_surrogate,
    invalid_number,
    float_out_of_range,
    number_too_long,
    too_deep,
    too_many_bytes,
    duplicate_key,
    unknown_atom,
    too_many_atoms,
}

/// How many bytes before and after the place of an error its excerpt shows.
pub(super) const AROUND: usize = 20;

/// An error with what Elixir needs to show it: `{:error, reason, message, offset, before, after}`.
pub(in super::super) struct Failure {
    problem: Problem,
    offset: u64,
    before: Vec<u8>,
    after: Vec<u8>,
}

impl Failure {
    /// `input` begins at the byte `start` of the document.
    pub(in super::super) fn new(error: &SyntaxError, input: &[u8], start: u64) -> Self {
        let place = error.offset.saturating_sub(start);
        let place = usize::try_from(place).map_or(input.len(), |place| place.min(input.len()));
        Failure {
            problem: error.problem,
            offset: error.offset,
            before: input[place.saturating_sub(AROUND)..place].to_vec(),
            after: input[place..input.len().min(place + AROUND)].to_vec(),
        }
    }

    fn reason(&self) -> rustler::Atom {
        match self.problem {
            Problem::Unexpected { .. } => unexpected(),
            Problem::ByteOrderMark => byte_order_mark(),
            Problem::InvalidUtf8 => invalid_utf8(),
            Problem::ControlCharacter => control_character(),
            Problem::InvalidEscape => invalid_escape(),
            Problem::LoneSurrogate => lone_surrogate(),
            Problem::InvalidNumber => invalid_number(),
            Problem::FloatOutOfRange => float_out_of_range(),
            Problem::NumberTooLong => number_too_long(),
            Problem::TooDeep => too_deep(),
            Problem::TooManyBytes => too_many_bytes(),
            Problem::DuplicateKey => duplicate_key(),
            Problem::UnknownAtom => unknown_atom(),
            Problem::TooManyAtoms => too_many_atoms(),
        }
    }
}

impl Encoder for Failure {
    fn encode<'a>(&self, env: Env<'a>) -> Term<'a> {
        let message = self.problem.to_string();
        let before = binary(env, &self.before);
        let after = binary(env, &self.after);
        (error(), self.reason(), message, self.offset, before, after).encode(env)
    }
}

fn binary<'a>(env: Env<'a>, bytes: &[u8]) -> Term<'a> {
    let mut binary = NewBinary::new(env, bytes.len());
    binary.as_mut_slice().copy_from_slice(bytes);
    binary.into()
}
