//! Binding parameters, which is the only way in which values reach SQL.

use rusqlite::Statement;
use rusqlite::types::{ToSqlOutput, Value, ValueRef};

use super::error::{Error, Reason};

/// The values for one run of a statement.
pub enum Params<'a> {
    /// For `?`, `?1` and so on, in this order.
    Positional(Vec<ValueRef<'a>>),
    /// For `:name`, `@name` and `$name`.
    Named(Vec<(&'a str, ValueRef<'a>)>),
}

/// The same, for a statement that outlives the call that asks for it.
pub enum OwnedParams {
    /// For `?`, `?1` and so on, in this order.
    Positional(Vec<Value>),
    /// For `:name`, `@name` and `$name`.
    Named(Vec<(String, Value)>),
}

impl OwnedParams {
    pub(super) fn borrow(&self) -> Params<'_> {
        match self {
            OwnedParams::Positional(values) => {
                Params::Positional(values.iter().map(ValueRef::from).collect())
            }
            OwnedParams::Named(values) => {
                let values = values.iter();
                Params::Named(
                    values
                        .map(|(name, value)| (name.as_str(), ValueRef::from(value)))
                        .collect(),
                )
            }
        }
    }
}

impl Params<'_> {
    /// A copy of its own.
    pub fn to_owned(&self) -> OwnedParams {
        match self {
            Params::Positional(values) => {
                OwnedParams::Positional(values.iter().copied().map(owned).collect())
            }
            Params::Named(values) => {
                let values = values.iter();
                OwnedParams::Named(
                    values
                        .map(|(name, value)| ((*name).to_owned(), owned(*value)))
                        .collect(),
                )
            }
        }
    }

    pub(super) fn bind(&self, statement: &mut Statement<'_>) -> Result<(), Error> {
        match self {
            Params::Positional(values) => bind_positional(values, statement),
            Params::Named(values) => bind_named(values, statement),
        }
    }
}

fn bind_positional(values: &[ValueRef<'_>], statement: &mut Statement<'_>) -> Result<(), Error> {
    let wanted = statement.parameter_count();
    if values.len() != wanted {
        return Err(wrong(format!(
            "the statement has {wanted} parameters, and {} values were given",
            values.len()
        )));
    }
    for (index, value) in values.iter().enumerate() {
        bind(statement, index + 1, *value)?;
    }
    Ok(())
}

fn bind_named(values: &[(&str, ValueRef<'_>)], statement: &mut Statement<'_>) -> Result<(), Error> {
    let mut is_used = vec![false; values.len()];
    for index in 1..=statement.parameter_count() {
        let name = statement
            .parameter_name(index)
            .and_then(|name| name.get(1..));
        let Some(name) = name.filter(|name| !name.starts_with(|c: char| c.is_ascii_digit())) else {
            return Err(wrong(format!(
                "the parameter {index} of the statement has no name: give the values as a list"
            )));
        };
        let Some(place) = values.iter().position(|(given, _)| *given == name) else {
            return Err(wrong(format!(
                "no value was given for the parameter {name:?}"
            )));
        };
        is_used[place] = true;
        bind(statement, index, values[place].1)?;
    }
    match is_used.iter().position(|is_used| !is_used) {
        None => Ok(()),
        Some(place) => Err(wrong(format!(
            "the statement has no parameter {:?}",
            values[place].0
        ))),
    }
}

fn bind(statement: &mut Statement<'_>, index: usize, value: ValueRef<'_>) -> Result<(), Error> {
    statement
        .raw_bind_parameter(index, ToSqlOutput::Borrowed(value))
        .map_err(|error| {
            let error = Error::from(error);
            let message = format!("the parameter {index}: {}", error.message);
            Error { message, ..error }
        })
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        // A parameter is UTF-8; what is not would be shown as it is.
        ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

fn wrong(message: String) -> Error {
    Error::new(Reason::Parameter, message)
}
