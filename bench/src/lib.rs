//! What the programs of the bench share: made-up messages and prices, a project, the engine on a
//! computer, bare SQLite to compare with, and figures with their aims.

pub mod bare;
pub mod device;
pub mod figures;
pub mod flood;
pub mod prices;
pub mod project;
pub mod text;
