//! Paths over hierarchies made here, under invented names.
