//! Contracts of Prima: the gRPC services, the events, the resource names and the bus subjects.
//!
//! All services share it, and it contains no rules of a service. The messages are generated from `prima/**.proto`;
//! [`name`] parses resource names, [`scope`] what a list is narrowed to, [`period`] periods, [`subject`] makes the bus subjects, and [`score`] the
//! events of scores; [`zone`] returns the time zone of an agency.

pub mod access;
pub mod name;
pub mod period;
pub mod scope;
pub mod score;
pub mod subject;
pub mod zone;

/// The audit logs of the services.
pub mod audit {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.audit.v1");
    }
}

/// Agencies, units and public services.
pub mod directory {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.directory.v1");
    }
}

/// Survey intake and results.
pub mod survey {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.survey.v1");
    }
}

/// Instruments, the index, external scores.
pub mod index {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.index.v1");
    }
}

/// Innovations, competition rounds and replication.
pub mod innovation {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.innovation.v1");
    }
}

/// Complaints and consultation.
pub mod complaint {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.complaint.v1");
    }
}

/// League tables.
pub mod ranking {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.ranking.v1");
    }
}

/// Events on the bus.
pub mod event {
    /// Version 1.
    pub mod v1 {
        tonic::include_proto!("prima.event.v1");
    }
}

/// The descriptors of every contract, for gRPC reflection.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));
