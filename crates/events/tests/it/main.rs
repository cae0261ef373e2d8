//! Tests of the room from outside.
