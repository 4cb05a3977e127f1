//! The smallest text that still shows a finding.

/// Takes out whatever can be taken out, larger parts first, for as long as `shows` says so.
pub fn shrunk(mut text: Vec<u8>, shows: impl Fn(&[u8]) -> bool) -> Vec<u8> {
    let mut length = text.len().div_ceil(2);
    while length > 0 {
        let mut start = 0;
        while start < text.len() {
            let mut shorter = text.clone();
            shorter.drain(start..(start + length).min(text.len()));
            if shows(&shorter) {
                text = shorter;
            } else {
                start += length;
            }
        }
        length /= 2;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::shrunk;

    #[test]
    fn what_shows_it_is_left() {
        let text = b"some text, then NaN and some more".to_vec();
        let shows = |text: &[u8]| text.windows(3).any(|window| window == b"NaN");
        assert_eq!(shrunk(text, shows), b"NaN");
    }
}
