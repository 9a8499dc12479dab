//! What the programs of the bench share: made-up messages, bare SQLite to compare with, and figures
//! with their aims.

pub mod bare;
pub mod figures;
pub mod text;
