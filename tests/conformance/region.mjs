// A regional system in Node with stubs that are generated from the contracts: a survey whose result is watched while responses
// arrive. One line per check, `ok` or `FAIL`; the last line counts them; exit status 1 when one failed.
//
//     node region.mjs http://HOST:PORT TOKEN_FILE
//
// beside `gen`, which protoc-gen-es makes of the contracts, and the packages that tests/tools.sh pins.

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Code, ConnectError, createClient } from "@connectrpc/connect";
import { createConnectTransport } from "@connectrpc/connect-node";
import { AgencyKind, DirectoryService } from "./gen/prima/directory/v1/directory_pb.js";
import { RankingService } from "./gen/prima/ranking/v1/ranking_pb.js";
import { SurveyService } from "./gen/prima/survey/v1/survey_pb.js";

const [baseUrl, tokenFile] = process.argv.slice(2);
const token = readFileSync(tokenFile, "utf8").trim();

function withToken(next) {
  return (request) => {
    request.header.set("authorization", `Bearer ${token}`);
    return next(request);
  };
}

const options = { baseUrl, httpVersion: "1.1", useBinaryFormat: false, useHttpGet: true, defaultTimeoutMs: 30_000 };
const known = createConnectTransport({ ...options, interceptors: [withToken] });
const directory = createClient(DirectoryService, known);
const surveys = createClient(SurveyService, known);
const everybody = createClient(RankingService, createConnectTransport(options));
const stranger = createClient(SurveyService, createConnectTransport(options));

let passed = 0;
let failed = 0;

async function check(text, work) {
  try {
    await work();
    passed += 1;
    console.log(`ok   ${text}`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${text}: ${error.message}`);
  }
}

/** Runs a call that must be refused with this code and reason. */
async function refused(code, reason, work) {
  const error = await work().then(
    () => assert.fail("accepted"),
    (error) => ConnectError.from(error),
  );
  assert.equal(error.code, code);
  const info = error.details.find((detail) => detail.type === "google.rpc.ErrorInfo");
  assert.equal(info?.debug?.reason, reason);
}

const run = randomBytes(4).toString("hex");
const agency = `agencies/node-${run}`;
const unit = `${agency}/units/dpmptsp`;
const survey = `${unit}/surveys/2024-q3`;
let number = 0;
const once = () => `node-${run}-${number++}`;

await check("an agency and its unit are registered", async () => {
  await directory.createAgency({
    requestId: once(),
    agencyId: `node-${run}`,
    agency: { displayName: `Kementerian Node ${run}`, kind: AgencyKind.KEMENTERIAN },
  });
  const unitType = "dpmptsp";
  await directory.createUnit({
    requestId: once(), parent: agency, unitId: "dpmptsp", unit: { displayName: "DPMPTSP Node", unitType },
  });
  assert.equal((await directory.getUnit({ name: unit })).unit.unitType, unitType);
});

let answers;
await check("a survey is opened, and its questions are read", async () => {
  const made = await surveys.createSurvey({
    requestId: once(), parent: unit, surveyId: "2024-q3", survey: { period: "2024-q3" },
  });
  answers = Object.fromEntries(made.survey.elements.map(({ key }) => [key, 4]));
  assert.equal(made.survey.elements.length, 9);
});

await check("what is refused has its code and reason", async () => {
  await refused(Code.Unauthenticated, "TOKEN_MISSING", () => stranger.getSurvey({ name: survey }));
  await refused(Code.NotFound, "NOT_FOUND", () => surveys.getSurvey({ name: `${unit}/surveys/tidak-ada` }));
  await refused(Code.InvalidArgument, "INVALID_FIELDS", () =>
    surveys.submitResponse({ requestId: once(), survey, response: { answers: { ...answers, cost: 9 } } }));
});

await check("responses that are sent as a stream are watched by another one", async () => {
  const stop = new AbortController();
  const watched = surveys.watchResult({ survey }, { signal: stop.signal, timeoutMs: 30_000 });
  async function* responses() {
    for (let n = 0; n < 10; n += 1) {
      yield { survey, responseId: `node-${n}`, response: { answers } };
    }
  }
  let sent;
  for await (const { result } of watched) {
    sent ??= surveys.submitResponses(responses());
    if (result.counted === 10n) {
      assert.equal(result.index, "100.00");
      break;
    }
  }
  stop.abort();
  assert.equal((await sent).accepted, 10n);
});

await check("the closed survey is in the league table, which everybody can watch", async () => {
  await surveys.closeSurvey({ name: survey });
  const stop = new AbortController();
  const name = "metrics/skm/periods/2024-q3/cohorts/dpmptsp";
  const watched = everybody.watchLeagueTable({ name, pageSize: 1000 }, { signal: stop.signal, timeoutMs: 30_000 });
  for await (const { rows } of watched) {
    const row = rows.find(({ subject }) => subject === unit);
    if (row?.score === "100.00") {
      assert.ok(row.rank >= 1);
      break;
    }
  }
  stop.abort();
});

console.log(`${passed} passed, ${failed} failed`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
