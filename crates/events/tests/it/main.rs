//! Tests of the room from outside.

mod block;
mod block_ids;
mod block_lines;
mod block_patterns;
mod block_pieces;
mod crash;
mod faults;
mod model;
mod scale;
mod world;
