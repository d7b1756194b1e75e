// Drives our FHIR face with fhir-kit-client (Vermonster), and holds what it answers against the profiles of the `fhir`
// package, which know what must be there and which codes are taken. Prints `ok` at the end, or fails.
//
// Arguments: where the packages are, the base of the face, a practitioner's token, the patient's id.

import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [packages, baseUrl, token, patientId] = process.argv.slice(2)
const require = createRequire(`${packages}/package.json`)
const kit = await import(pathToFileURL(`${packages}/node_modules/fhir-kit-client/dist/index.js`).href)
const Client = kit.default ?? kit.Client
const { Fhir } = require('fhir')

const validator = new Fhir()
const subject = `Patient/${patientId}`

function check(resource) {
  const { messages } = validator.validate(resource, { errorOnUnexpected: true })
  const errors = messages.filter((message) => message.severity === 'error' || message.severity === 'fatal')
  assert.deepEqual(errors, [], JSON.stringify(resource))
}

const client = new Client({ baseUrl, customHeaders: { Accept: 'application/fhir+json' } })
client.bearerToken = token

const statement = await client.capabilityStatement()
check(statement)
const smart = await client.smartAuthMetadata()
assert.ok(smart.tokenUrl.href.endsWith('/oauth/token'), JSON.stringify(smart))

assert.notEqual(
  validator.validate({ resourceType: 'Observation', status: 'odd' }, { errorOnUnexpected: true }).messages.length, 0,
  'the validator finds nothing',
)

// Every resource that the statement says is searched for.
let checked = 0
for (const { type, searchParam = [] } of statement.rest[0].resource) {
  const named = searchParam.map((param) => param.name)
  if (!named.includes('patient') && !['Organization', 'Practitioner', 'PractitionerRole', 'Schedule'].includes(type)) continue
  if (type === 'AuditEvent') continue
  let bundle = await client.search({ resourceType: type, searchParams: named.includes('patient') ? { patient: subject } : {} })
  while (bundle) {
    for (const { resource } of bundle.entry ?? []) {
      check(resource)
      checked += 1
    }
    bundle = await client.nextPage({ bundle })
  }
}
assert.ok(checked >= 12, `${checked} resources`)

// A correction needs the version that was read, and a second one of the same version is refused.
const condition = {
  resourceType: 'Condition',
  clinicalStatus: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/condition-clinical', code: 'active' }] },
  code: { text: 'Migraine' },
  subject: { reference: subject },
}
const made = await client.create({ resourceType: 'Condition', body: condition })
check(made)
const { id } = made
const resolved = structuredClone(made)
resolved.clinicalStatus.coding[0].code = 'resolved'
const update = (etag) =>
  client.update({ resourceType: 'Condition', id, body: resolved, options: { headers: { 'If-Match': etag } } })
const second = await update('W/"1"')
assert.equal(second.meta.versionId, '2')
await assert.rejects(update('W/"1"'), (error) => {
  assert.equal(error.response.status, 412)
  check(error.response.data)
  return true
})
const first = await client.vread({ resourceType: 'Condition', id, version: '1' })
assert.equal(first.clinicalStatus.coding[0].code, 'active')
const history = await client.history({ resourceType: 'Condition', id })
assert.equal(history.entry.length, 2)

// What shall be there once is there once.
const weight = {
  resourceType: 'Observation',
  status: 'final',
  code: { coding: [{ system: 'http://loinc.org', code: '8302-2' }] },
  subject: { reference: subject },
  effectiveDateTime: '2026-02-01',
  valueQuantity: { value: 171, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
}
const once = { headers: { 'If-None-Exist': `patient=${subject}&code=http://loinc.org|8302-2` } }
const one = await client.create({ resourceType: 'Observation', body: weight, options: once })
const again = await client.create({ resourceType: 'Observation', body: weight, options: once })
assert.equal(one.id, again.id)
const included = await client.search({
  resourceType: 'Observation',
  searchParams: { patient: subject, code: 'http://loinc.org|8302-2', _include: 'Observation:patient' },
})
assert.deepEqual(included.entry.map((entry) => entry.search.mode), ['match', 'include'])
console.log('ok')
