#!/usr/bin/env python3
"""Drives our FHIR face with fhirclient (SMART Health IT), and holds everything against the published R4 schema. Prints `ok`
at the end, or fails.

Arguments: the schema, the base of the face, a practitioner's token, the patient's token, the patient's id.
"""

import copy
import json
import sys

import jsonschema
from fhirclient import server
from fhirclient.models import (
    allergyintolerance, appointment, auditevent, bundle, capabilitystatement, composition, condition, documentreference,
    encounter, healthcareservice, medicationrequest, medicationstatement, observation, organization, patient, practitioner,
    practitionerrole, provenance, questionnaire, questionnaireresponse, schedule,
)

schema_file, base, practitioner_token, patient_token, patient_id = sys.argv[1:]
schema = json.load(open(schema_file, encoding="utf-8"))
del schema["oneOf"], schema["discriminator"]
cache = {}


def check(resource):
    """Against the schema of its kind; unknown fields, wrong codes and wrong formats fail."""
    kind = resource["resourceType"]
    if kind not in cache:
        cache[kind] = jsonschema.Draft6Validator({**schema, "$ref": f"#/definitions/{kind}"})
    bare = copy.deepcopy(resource)
    if kind == "Bundle":
        for entry in bare.get("entry", []):
            check(entry.pop("resource"))
    errors = [f"{list(error.path)}: {error.message}" for error in cache[kind].iter_errors(bare)]
    assert not errors, (kind, errors, resource)


def connected(token):
    face = server.FHIRServer(None, base)
    face.session.headers["Authorization"] = f"Bearer {token}"
    return face


doctor, own = connected(practitioner_token), connected(patient_token)

statement = doctor.request_json("metadata")
check(statement)
assert capabilitystatement.CapabilityStatement(statement).fhirVersion == "4.0.1"

# What the schema cannot miss, it must find.
for wrong in ({"resourceType": "Observation", "status": "odd"}, {"resourceType": "Observation", "colour": "red"}):
    try:
        check(wrong)
    except AssertionError:
        continue
    raise SystemExit("the schema finds nothing")

subject = f"Patient/{patient_id}"
seen = {}
for model, search in [
    (allergyintolerance.AllergyIntolerance, {"patient": subject}),
    (appointment.Appointment, {"patient": subject}),
    (composition.Composition, {"patient": subject}),
    (condition.Condition, {"patient": subject}),
    (documentreference.DocumentReference, {"patient": subject}),
    (encounter.Encounter, {"patient": subject}),
    (healthcareservice.HealthcareService, {}),
    (medicationrequest.MedicationRequest, {"patient": subject}),
    (medicationstatement.MedicationStatement, {"patient": subject}),
    (observation.Observation, {"patient": subject, "_count": "2"}),
    (organization.Organization, {}),
    (patient.Patient, {"_id": patient_id}),
    (practitioner.Practitioner, {}),
    (practitionerrole.PractitionerRole, {}),
    (questionnaire.Questionnaire, {}),
    (questionnaireresponse.QuestionnaireResponse, {"patient": subject}),
    (schedule.Schedule, {}),
]:
    kind = model.resource_type
    found = list(model.where(search).perform_resources_iter(doctor))
    assert found, f"no {kind}"
    for one in found:
        check(one.as_json())
        assert model.read(one.id, doctor).as_json()["id"] == one.id
    seen[kind] = found
assert len(seen["Observation"]) >= 4, "pages are followed"

for one in provenance.Provenance.where({"target": f"Condition/{seen['Condition'][0].id}"}).perform_resources_iter(doctor):
    check(one.as_json())
log = list(auditevent.AuditEvent.where({}).perform_resources_iter(own))
assert log
for one in log:
    check(one.as_json())

everything = doctor.request_json(f"Patient/{patient_id}/$everything?_count=200")
check(everything)
assert bundle.Bundle(everything).entry

# The patient writes by another's program; what they tell is theirs to tell, and is read back as it was.
told = observation.Observation({
    "resourceType": "Observation", "status": "final", "subject": {"reference": subject},
    "code": {"coding": [{"system": "http://loinc.org", "code": "29463-7", "display": "Body weight"}]},
    "effectiveDateTime": "2026-03-01T07:00:00+03:00",
    "valueQuantity": {"value": 62.5, "unit": "kg", "system": "http://unitsofmeasure.org", "code": "kg"},
})
made = told.create(own)
check(made)
back = observation.Observation.read(made["id"], own)
assert back.valueQuantity.value == 62.5 and back.effectiveDateTime.isostring == "2026-03-01T07:00:00+03:00"
try:
    observation.Observation.read("rec-0", own)
    raise SystemExit("what is not there was read")
except server.FHIRNotFoundException as gone:
    check(gone.response.json())
print("ok")
