//! No personal data leaks.
