//! Profiles of patients and practitioners, and who acts for whom.

pub(crate) mod proxies;
pub(crate) mod read_patient;
pub(crate) mod read_practitioner;
pub(crate) mod search_patients;
pub(crate) mod update_patient;
pub(crate) mod update_practitioner;

pub(crate) use crate::store::{patients::Patient, practitioners::Practitioner};

use crate::domain::{
    access::Resource,
    id::{ClinicId, PatientId, PractitionerId},
};

/// A patient, as far as access goes.
fn of_patient(clinic: &ClinicId, patient: &PatientId) -> Resource {
    Resource { clinic: Some(clinic.clone()), patient: Some(patient.clone()), ..Resource::default() }
}

/// A practitioner, as far as access goes.
fn of_practitioner(clinic: &ClinicId, practitioner: &PractitionerId) -> Resource {
    Resource {
        clinic: Some(clinic.clone()),
        practitioners: vec![practitioner.clone()],
        ..Resource::default()
    }
}
