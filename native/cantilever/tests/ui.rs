//! What the macros say of functions that they cannot make native.

#[test]
fn mistakes_are_compile_errors_that_say_what_to_write() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
