//! A password for somebody else, to be told them by mouth: syllables that can be said.

/// The first letters of a syllable. None sounds like another one.
const FIRST: &[u8; 16] = b"bdfghklmnprstvwz";
/// The second ones.
const SECOND: &[u8; 4] = b"aiou";
/// Syllables, six bits each: 48 bits in all. The server lets nobody guess fast, and whoever gets it changes it.
const SYLLABLES: usize = 8;

/// The password that these random bits make; the lowest 48 count.
pub fn password(bits: u64) -> String {
    let mut password = String::new();
    for at in 0..SYLLABLES {
        if at > 0 && at % 2 == 0 {
            password.push('-');
        }
        let part = (bits >> (6 * at)) as usize;
        password.push(char::from(FIRST[part & 15]));
        password.push(char::from(SECOND[part >> 4 & 3]));
    }
    password
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_can_be_said_and_every_bit_counts() {
        assert_eq!(password(0), "baba-baba-baba-baba");
        let other: std::collections::BTreeSet<String> = (0..48).map(|bit| password(1 << bit)).collect();
        assert_eq!(other.len(), 48);
    }
}
