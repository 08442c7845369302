//! One report through its life: actions, clocks, what the system does by itself.
