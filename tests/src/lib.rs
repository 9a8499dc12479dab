//! Helpers shared by the tests across parts.
