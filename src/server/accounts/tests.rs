//! What a host sees of accounts: files as people write them, and who can then log in.
