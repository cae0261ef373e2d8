//! The routing tree: which receivers an alert goes to, and with which others it is
//! told.
//!
//! ```text
//! route:                    read            resolve               matching
//!   receiver: a      ──►  RouteConfig  ──►  RouteTree ──► Labels ──────────► RouteIds
//!   routes: [...]        as it was typed    all inherited
//! ```
//!
//! An alert goes down the tree as far as routes match it: to the first child that
//! does, and to later ones too while each says `continue`; where no child matches,
//! the route itself is meant. The root matches everything.
//!
//! The tree is flat: routes are numbered depth first, so a number is a route's
//! identity within a configuration, and whatever is kept for each route is an array.
//! [`Route::key`] and [`Route::id`] are what others see, and stay the same as long
//! as the matchers do.

mod matching;
mod read;
mod tree;

pub use read::{RouteConfig, read};
pub use tree::{GroupBy, Route, RouteId, RouteTree};

#[cfg(test)]
mod tests;
