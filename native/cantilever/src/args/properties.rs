//! What holds of the words for a type, however its author writes it.

use proptest::prelude::*;

use super::expected;

/// Types as the macro hands them over: paths, generics and tuples, without spaces and lifetimes.
fn types() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("i64".to_owned()),
        Just("String".to_owned()),
        Just("&str".to_owned()),
        "[A-Z][a-z]{0,8}",
        "[a-z]{1,5}::[A-Z][a-z]{0,8}",
    ];
    leaf.prop_recursive(4, 16, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|inner| format!("Option<{inner}>")),
            inner.clone().prop_map(|inner| format!("Vec<{inner}>")),
            inner
                .clone()
                .prop_map(|inner| format!("cantilever::Handle<{inner}>")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("({a},{b})")),
        ]
    })
}

proptest! {
    #[test]
    fn any_text_is_described(text in ".*") {
        prop_assert!(!expected(&text).is_empty());
    }

    #[test]
    fn brackets_in_any_disorder_are_described(text in "[<>(),:&OptionVec]{0,40}") {
        prop_assert!(!expected(&text).is_empty());
    }

    #[test]
    fn an_option_takes_what_its_type_takes_and_nil(inner in types()) {
        let words = expected(&format!("Option<{inner}>"));
        prop_assert_eq!(words, format!("{} or nil", expected(&inner)));
    }

    #[test]
    fn a_list_names_its_items(inner in types()) {
        let words = expected(&format!("Vec<{inner}>"));
        prop_assert_eq!(words, format!("a list ({} each)", expected(&inner)));
    }

    #[test]
    fn the_path_to_a_type_does_not_matter(inner in types(), path in "([a-z]{1,6}::){1,3}") {
        let option = format!("Option<{inner}>");
        prop_assert_eq!(expected(&format!("{path}{option}")), expected(&option));
    }

    #[test]
    fn an_unknown_type_is_named_in_full(name in "Scene[A-Z][a-z]{0,8}", inner in types()) {
        let ty = format!("{name}<{inner}>");
        prop_assert_eq!(expected(&ty), format!("a term that decodes as `{ty}`"));
    }
}
