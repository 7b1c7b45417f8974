//! Parlor: composes, and prints the one error that ends it.

fn main() {}
