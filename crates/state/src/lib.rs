//! What people decide and the product remembers: SQL with migrations.
