// Writes the tables of the documentation from the list of known faults, without a run: after a merge of both.
import { readKnownFaults } from './known-faults.ts';
import { allScenarios } from './scenarios.ts';
import { renewDocument } from './table.ts';

renewDocument(
  allScenarios().flatMap((scenario) => scenario.cells),
  readKnownFaults(),
);
