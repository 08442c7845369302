<?php

// A regional system in plain PHP: its year with Prima as JSON over HTTP, from the registration of a unit to its place in the league
// tables. One line per check, `ok` or `FAIL`; the last line counts them; exit status 1 when one failed.
//
//     php region.php --endpoint=http://HOST:PORT --token-file=FILE --operator-token-file=FILE --evaluator-token-file=FILE
//         [--record=FILE]    writes every request with its answer, one JSON object per line

declare(strict_types=1);

require __DIR__ . '/prima.php';

const DIRECTORY = 'directory.v1.DirectoryService';
const SURVEY = 'survey.v1.SurveyService';
const ACCESS = 'survey.v1.AccessService';
const COMPLAINT = 'complaint.v1.ComplaintService';
const SETTINGS = 'complaint.v1.SettingsService';
const INNOVATION = 'innovation.v1.InnovationService';
const ASSESSMENT = 'index.v1.AssessmentService';
const INDEX = 'index.v1.IndexService';
const RANKING = 'ranking.v1.RankingService';

const PERIOD = '2024-q3';
const DELIVERY = ['requirements', 'procedure', 'time', 'cost', 'product', 'complaint_handling'];

$passed = $failed = 0;

function check(string $text, callable $work): mixed
{
    global $passed, $failed;
    try {
        $result = $work();
        $passed++;
        echo "ok   $text\n";
        return $result;
    } catch (Refused $refused) {
        $why = "$refused->status $refused->reason: {$refused->getMessage()} [" . implode(', ', $refused->fields) . ']';
    } catch (Throwable $error) {
        $why = $error->getMessage();
    }
    $failed++;
    echo "FAIL $text: $why\n";
    return null;
}

function same(string $what, mixed $actual, mixed $expected): void
{
    if ($actual !== $expected) {
        throw new Exception("$what is " . json_encode($actual) . ', expected ' . json_encode($expected));
    }
}

/** Runs a call that must be refused with this code and reason. */
function refused(string $status, string $reason, callable $work): Refused
{
    try {
        $answer = $work();
    } catch (Refused $refused) {
        same('code', $refused->status, $status);
        same('reason', $refused->reason, $reason);
        return $refused;
    }
    throw new Exception('accepted: ' . json_encode($answer));
}

/** Waits until a condition is true. */
function until(string $what, callable $fact): void
{
    $deadline = microtime(true) + 20;
    while (!$fact()) {
        if (microtime(true) > $deadline) {
            throw new Exception("no $what within 20 s");
        }
        usleep(100_000);
    }
}

/** The respondents of a vector: the counts of each element, one row of answers per respondent. */
function respondents(string $file): array
{
    $vectors = json_decode(file_get_contents($file), true, 512, JSON_THROW_ON_ERROR)['vectors'];
    $vector = current(array_filter($vectors, fn ($one) => $one['id'] === 'G-SKM-1'));
    $rows = array_fill(0, $vector['respondents'], []);
    foreach ($vector['elements'] as $element) {
        ksort($element['counts']);
        $number = 0;
        foreach ($element['counts'] as $score => $count) {
            for (; $count > 0; $count--) {
                $rows[$number++][$element['key']] = $score;
            }
        }
    }
    return [$rows, $vector['expected']['exact']];
}

$options = getopt('', ['endpoint:', 'token-file:', 'operator-token-file:', 'evaluator-token-file:', 'record:']);
$token = fn (string $name) => trim(file_get_contents($options[$name]));
$ministry = new Prima($options['endpoint'], $token('token-file'));
$region = new Prima($options['endpoint'], $token('operator-token-file'));
$evaluator = new Prima($options['endpoint'], $token('evaluator-token-file'));
$citizen = new Prima($options['endpoint']);
if (isset($options['record'])) {
    $file = fopen($options['record'], 'a');
    Prima::$record = fn (string $line) => fwrite($file, $line);
}

$run = bin2hex(random_bytes(4));
$number = 0;
$once = function (array $fields) use ($run, &$number): array {
    return ['requestId' => "php-$run-" . $number++] + $fields;
};
$agency = "agencies/php-$run";
$province = "$agency-prov";
$unit = "$agency/units/dpmptsp";
$service = "$unit/services/izin-usaha";
$survey = "$unit/surveys/" . PERIOD;
$year = (int) (new DateTimeImmutable('now', new DateTimeZone('Asia/Jakarta')))->format('Y');
$today = (new DateTimeImmutable('now', new DateTimeZone('Asia/Jakarta')))->format('Y-m-d');
[$rows, $expected] = respondents(dirname(__DIR__) . '/data/skm.json');

// The directory: who serves whom with what.
check('the ministry registers a province and its city, and a repeat gets the first answer', function () use (
    $ministry, $once, $agency, $province, $run,
) {
    $ministry->call(DIRECTORY . '/CreateAgency', $once([
        'agencyId' => "php-$run-prov", 'agency' => ['displayName' => "Provinsi PHP $run", 'kind' => 'AGENCY_KIND_PROVINSI'],
    ]));
    $creation = $once([
        'agencyId' => "php-$run",
        'agency' => ['displayName' => "Kota PHP $run", 'kind' => 'AGENCY_KIND_KOTA', 'parent' => $province],
    ]);
    $created = $ministry->call(DIRECTORY . '/CreateAgency', $creation);
    same('name', $created['agency']['name'], $agency);
    same('repeat', $ministry->call(DIRECTORY . '/CreateAgency', $creation), $created);
    $creation['agency']['displayName'] = 'Lain';
    refused('invalid_argument', 'REQUEST_ID_REUSED', fn () => $ministry->call(DIRECTORY . '/CreateAgency', $creation));
});
check('the agency registers a unit with a public service, its standard and its charter', function () use (
    $ministry, $region, $once, $agency, $unit, $service,
) {
    $created = $ministry->call(DIRECTORY . '/CreateUnit', $once([
        'parent' => $agency, 'unitId' => 'dpmptsp', 'unit' => ['displayName' => 'DPMPTSP PHP', 'unitType' => 'dpmptsp'],
    ]));
    same('name', $created['unit']['name'], $unit);
    $region->call(DIRECTORY . '/CreatePublicService', $once([
        'parent' => $unit, 'publicServiceId' => 'izin-usaha', 'publicService' => ['displayName' => 'Izin usaha'],
    ]));
    $media = [['kind' => 'situs-web', 'link' => 'https://contoh.go.id/sp', 'sinceDate' => '2024-02-01']];
    $standard = $region->call(DIRECTORY . '/PublishServiceStandard', $once(['standard' => [
        'service' => $service, 'components' => array_fill_keys(DELIVERY, 'Teks'), 'enactDate' => '2024-01-15',
        'decree' => 'SK 1/2024', 'publishedComponents' => DELIVERY, 'media' => $media,
    ]]));
    same('revision', $standard['standard']['revision'], '1');
    $region->call(DIRECTORY . '/PublishServiceCharter', $once(['charter' => [
        'unit' => $unit, 'text' => 'Kami siap melayani sesuai standar.', 'statesAbility' => true, 'statesDuty' => true,
        'statesSanction' => true, 'signDate' => '2024-01-20',
        'media' => [['kind' => 'papan-pengumuman', 'sinceDate' => '2024-01-21']],
    ]]));
});
check('a change with the current etag is made, with a stale one refused', function () use ($region, $ministry, $unit) {
    $read = $region->get(DIRECTORY . '/GetUnit', ['name' => $unit])['unit'];
    $change = ['unit' => ['name' => $unit, 'displayName' => 'DPMPTSP Kota', 'etag' => $read['etag']], 'updateMask' => 'displayName'];
    same('name', $ministry->call(DIRECTORY . '/UpdateUnit', $change)['unit']['displayName'], 'DPMPTSP Kota');
    refused('aborted', 'ETAG_MISMATCH', fn () => $ministry->call(DIRECTORY . '/UpdateUnit', $change));
});
check('everybody reads what is public of the unit, by GET and without a token', function () use ($citizen, $unit) {
    $facts = $citizen->get(DIRECTORY . '/GetUnitFacts', ['name' => $unit])['unit'];
    same('charter', $facts['charter']['text'], 'Kami siap melayani sesuai standar.');
    refused('unauthenticated', 'TOKEN_MISSING', fn () => $citizen->get(DIRECTORY . '/GetUnit', ['name' => $unit]));
});

// Refusals are the same as by gRPC.
check('an empty request names every fault', function () use ($region) {
    $refusal = refused('invalid_argument', 'INVALID_FIELDS', fn () => $region->call(SURVEY . '/CreateSurvey'));
    same('fields', array_diff(['request_id', 'parent'], $refusal->fields), []);
});
check('what does not exist is not found, and what is no JSON of the method is refused', function () use ($region, $agency) {
    refused('not_found', 'NOT_FOUND', fn () => $region->get(DIRECTORY . '/GetUnit', ['name' => "$agency/units/tidak-ada"]));
    try {
        $region->call(DIRECTORY . '/GetUnit', ['name' => 7]);
        throw new Exception('accepted');
    } catch (Refused $refused) {
        same('code', $refused->status, 'invalid_argument');
    }
});

// A survey: from its form to its published result.
check('the unit opens a survey and issues tokens, with which a citizen reads the form and answers once', function () use (
    $region, $citizen, $once, $unit, $survey, $rows,
) {
    $region->call(SURVEY . '/CreateSurvey', $once(['parent' => $unit, 'surveyId' => PERIOD, 'survey' => [
        'period' => PERIOD, 'displayName' => 'SKM triwulan III 2024', 'accessModes' => ['ACCESS_MODE_AGENT', 'ACCESS_MODE_TOKEN'],
    ]]));
    $tokens = $region->call(ACCESS . '/IssueTokens', $once(['survey' => $survey, 'counter' => 'loket-1', 'size' => 2]))['tokens'];
    $credential = ['token' => $tokens[0]];
    $form = $citizen->call(SURVEY . '/GetQuestionnaire', ['survey' => $survey, 'credential' => $credential])['questionnaire'];
    same('questions', count($form['questions']), count($rows[0]));
    $answer = $once(['survey' => $survey, 'response' => ['answers' => $rows[0]], 'credential' => $credential]);
    $stored = $citizen->call(SURVEY . '/SubmitResponse', $answer);
    same('repeat', $citizen->call(SURVEY . '/SubmitResponse', $answer), $stored);
    refused('failed_precondition', 'TOKEN_USED', fn () => $citizen->call(SURVEY . '/SubmitResponse', ['requestId' => 'lain'] + $answer));
});
check('an import is one stream: good rows are stored and a bad one is named', function () use ($region, $survey, $rows, $run) {
    $messages = [];
    foreach (array_slice($rows, 1) as $n => $answers) {
        $messages[] = ['responseId' => "php-$run-b$n", 'response' => ['answers' => $answers]];
    }
    $messages[0] += ['survey' => $survey, 'importId' => 'loket-september'];
    $some = array_slice($messages, 0, 18);
    $some[3]['response']['answers'] = ['cost' => 9] + $rows[4];
    [$answer] = $region->stream(SURVEY . '/SubmitResponses', $some);
    // 64-bit numbers are text.
    same('accepted', [$answer['accepted'], $answer['rejected']], ['17', '1']);
    same('the bad row', $answer['rejections'][0]['violations'][0]['field'], 'response.answers.cost');
    [$answer] = $region->stream(SURVEY . '/SubmitResponses', $messages);
    same('the others', [$answer['accepted'], $answer['repeatedCount']], [(string) (count($messages) - 17), '17']);
});
check('the result is watched by a stream', function () use ($region, $survey, $rows) {
    [$first] = $region->stream(SURVEY . '/WatchResult', [['survey' => $survey]], 1);
    same('respondents', $first['result']['respondents'], (string) count($rows));
});
check("the closed survey has the index {$expected['nik']}, which its unit publishes and follows up", function () use (
    $region, $citizen, $once, $unit, $survey, $rows, $expected, $today,
) {
    same('state', $region->call(SURVEY . '/CloseSurvey', ['name' => $survey])['survey']['state'], 'SURVEY_STATE_CLOSED');
    $result = $region->get(SURVEY . '/GetResult', ['survey' => $survey])['result'];
    same('index', [$result['index'], $result['category']], [$expected['nik'], $expected['grade']]);
    same('respondents', $result['respondents'], (string) count($rows));
    $region->call(SURVEY . '/PublishResult', $once(['survey' => $survey, 'media' => [
        ['kind' => 'situs-web', 'link' => 'https://contoh.go.id/skm'], ['kind' => 'papan-pengumuman'],
    ]]));
    $published = $citizen->get(SURVEY . '/ListPublishedResults', ['parent' => $unit])['results'];
    same('published', array_column($published, 'index'), [$expected['nik']]);
    $planned = $region->call(SURVEY . '/CreateFollowUp', $once(['parent' => $survey, 'followUpId' => 'waktu', 'followUp' => [
        'element' => 'time', 'program' => 'Tambah loket', 'quarter' => '2024-q4', 'responsible' => 'Bidang Layanan',
    ]]))['followUp'];
    $done = $region->call(SURVEY . '/CompleteFollowUp', [
        'name' => $planned['name'], 'etag' => $planned['etag'], 'doneDate' => $today, 'evidence' => 'https://contoh.go.id/loket',
    ]);
    same('done', $done['followUp']['doneDate'], $today);
});

// Complaints and consultation.
check('a complaint goes from its submission by the steps of its workflow to its closing', function () use (
    $ministry, $region, $citizen, $once, $unit, $year,
) {
    $submission = $once([
        'parent' => $unit, 'class' => 'complaint_regular', 'category' => 'business_licence', 'channel' => 'CHANNEL_WEB',
        'title' => 'Izin usaha belum terbit', 'text' => 'Permohonan izin sudah lengkap sejak sebulan lalu dan belum ada kabar.',
        'reporter' => ['displayName' => 'Siti Rahayu', 'phone' => '0812-3456-7890'], 'region' => '3271',
    ]);
    $taken = $region->call(COMPLAINT . '/SubmitComplaint', $submission);
    $name = ['name' => $taken['status']['name']];
    $access = ['trackingCode' => $taken['trackingCode'], 'secret' => $taken['secret']];
    $code = ['access' => ['trackingCode' => $access['trackingCode']]];
    same('tracked', $citizen->call(COMPLAINT . '/TrackComplaint', $code)['complaint']['title'], $submission['title']);
    refused('failed_precondition', 'ILLEGAL_TRANSITION', fn () => $region->call(COMPLAINT . '/StartFollowUp', $once($name)));
    refused('permission_denied', 'WRONG_ROLE', fn () => $region->call(COMPLAINT . '/StartVerification', $once($name)));
    $by = fn (Prima $caller) => fn (string $method, array $more = []) =>
        $caller->call(COMPLAINT . "/$method", $once($name + $more))['status']['state'];
    // The coordinator is an admin of the agency, the liaison officer an operator.
    [$coordinate, $answer] = [$by($ministry), $by($region)];
    $reply = fn (string $method, array $more = []) =>
        $citizen->call(COMPLAINT . "/$method", $once(['access' => $access] + $more))['status']['state'];
    same('verifying', $coordinate('StartVerification'), 'verifying');
    same('held', $coordinate('RequestCompletion', ['text' => 'Mohon nomor berkas']), 'on_hold');
    same('completed', $reply('ReplyToComplaint', ['text' => 'Nomor 12/2024']), 'verifying');
    $coordinate('VerifyComplaint', ['unit' => $unit, 'note' => 'Segera']);
    same('in work', $answer('StartFollowUp'), 'in_progress');
    $letter = "%PDF-1.7\n" . str_repeat('tanggapan ', 20_000);
    [$uploaded] = $region->stream(COMPLAINT . '/UploadAttachment', [
        ['head' => $once([
            'displayName' => 'surat.pdf', 'mediaType' => 'application/pdf', 'size' => (string) strlen($letter),
            'sha256' => base64_encode(hash('sha256', $letter, true)),
        ])],
        ...array_map(fn ($part) => ['data' => base64_encode($part)], str_split($letter, 100_000)),
    ]);
    $file = $uploaded['attachment']['name'];
    same('answered', $answer('RespondToComplaint', ['text' => 'Izin sudah terbit', 'attachments' => [$file]]), 'responded');
    $parts = $citizen->stream(COMPLAINT . '/ReadAttachment', [['name' => $file, 'access' => $access]]);
    $read = implode('', array_map(fn ($part) => base64_decode($part['data'] ?? ''), $parts));
    same('bytes', hash('sha256', $read), hash('sha256', $letter));
    same('closed', $reply('CloseComplaint'), 'closed');
    $citizen->call(COMPLAINT . '/RateComplaint', $once(['access' => $access, 'rating' => 5]));
    refused('failed_precondition', 'ALREADY_RATED', fn () =>
        $citizen->call(COMPLAINT . '/RateComplaint', $once(['access' => $access, 'rating' => 1])));
    $timeline = $region->call(COMPLAINT . '/GetComplaint', $name)['complaint']['timeline'];
    same('steps', array_map(intval(...), array_column($timeline, 'number')), range(1, count($timeline)));
    until('figures of the year', function () use ($region, $unit, $year) {
        $figures = $region->get(COMPLAINT . '/GetPerformance', ['unit' => $unit, 'period' => (string) $year]);
        return ($figures['performance']['resolved'] ?? '0') === '1';
    });
    [$event] = $region->stream(COMPLAINT . '/WatchComplaints', [['parent' => explode('/units', $unit)[0], 'after' => '0']], 1);
    same('event', $event['complaint'], $name['name']);
});
check('deadlines are computed for everybody', function () use ($citizen) {
    $due = $citizen->get(SETTINGS . '/CalculateDueTime', ['startTime' => '2026-02-13T03:00:00Z', 'workingDays' => 3]);
    same('due', $due['dueDate'], '2026-02-20');
});

// Innovations.
check('an innovation is registered, found in the catalogue and replicated', function () use ($region, $citizen, $once, $unit, $run, $year) {
    $registered = $region->call(INNOVATION . '/RegisterInnovation', $once([
        'parent' => $unit, 'innovationId' => 'sipandu',
        'innovation' => ['title' => "Sipandu $run", 'status' => 'INNOVATION_STATUS_IMPLEMENTED',
                         'startDate' => ($year - 2) . '-01-01', 'sdgs' => [16]],
    ]));
    $name = $registered['innovation']['name'];
    $found = $citizen->get(INNOVATION . '/SearchCatalogue', ['query' => "sipandu $run"])['items'];
    same('found', array_column($found, 'innovation'), [$name]);
    $region->call(INNOVATION . '/RecordReplication', $once([
        'parent' => $name,
        'replication' => ['adopter' => "agencies/php-$run-2/units/dpmptsp", 'adoptDate' => ($year - 1) . '-06-01',
                          'evidence' => [['title' => 'SK', 'url' => 'https://contoh.go.id/sk.pdf']]],
    ]));
    $spread = $region->get(INNOVATION . '/GetSpread', ['name' => $name]);
    same('replicas', count($spread['replications']), 1);
    $portfolio = $region->get(INNOVATION . '/GetPortfolio', ['unit' => $unit, 'year' => $year])['portfolio'];
    same('portfolio', array_column($portfolio['innovations'], 'name'), [$name]);
});

// The evaluation of the unit (PEKPPP mandiri).
check('the unit assesses itself with evidence, the evaluator assesses it, and the index is explained', function () use (
    $ministry, $region, $evaluator, $once, $agency, $unit, $run, $year, $today,
) {
    $around = ['openTime' => gmdate('Y-m-d\TH:i:s\Z', time() - 86400), 'closeTime' => gmdate('Y-m-d\TH:i:s\Z', time() + 86400)];
    $cycle = "cycles/php-$run";
    $assessment = "$cycle/$unit";
    $ministry->call(ASSESSMENT . '/OpenCycle', $once(['cycleId' => "php-$run", 'cycle' => [
        'displayName' => 'PEKPPP mandiri', 'scheme' => 'SCHEME_MANDIRI', 'year' => (string) $year, 'agency' => $agency,
        'instrument' => 'pekppp-2022', 'underMinimumPolicy' => 'score_zero', 'evaluationDate' => $today, 'suggestionsCount' => true,
        'selfAssessmentWindow' => $around, 'evaluationWindow' => $around, 'objectionWindow' => $around,
    ]]));
    $ministry->call(ASSESSMENT . '/EnrollUnit', $once(['cycle' => $cycle, 'unit' => $unit, 'form' => 'online']));
    $forms = $region->get(INDEX . '/GetInstrument', ['id' => 'pekppp-2022'])['instrument']['forms'];
    $form = current(array_filter($forms, fn ($one) => $one['key'] === 'f02_online'));
    $indicators = array_column(array_filter($form['indicators'], fn ($one) => !($one['supplementary'] ?? false)), 'key');
    $region->call(ASSESSMENT . '/SubmitSelfAssessment', $once([
        'assessment' => $assessment, 'levels' => [['indicator' => $indicators[0], 'level' => 5, 'note' => 'Lengkap']],
    ]));
    $decree = "%PDF-1.7\n" . str_repeat('bukti ', 10_000);
    [$kept] = $region->stream(ASSESSMENT . '/AttachEvidence', [
        ['head' => $once(['assessment' => $assessment, 'evidence' => [
            'indicator' => $indicators[0], 'displayName' => 'SK', 'mediaType' => 'application/pdf', 'size' => (string) strlen($decree),
            'sha256' => base64_encode(hash('sha256', $decree, true)),
        ]])],
        ['data' => base64_encode($decree)],
    ]);
    same('evidence', $kept['evidence']['indicator'], $indicators[0]);
    $evaluator->call(ASSESSMENT . '/SubmitEvaluation', $once([
        'assessment' => $assessment,
        'evaluations' => array_map(fn ($key) => ['indicator' => $key, 'level' => 3, 'note' => 'Desk'], $indicators),
    ]));
    refused('permission_denied', 'PERMISSION_DENIED', fn () => $region->call(ASSESSMENT . '/SubmitEvaluation', $once([
        'assessment' => $assessment, 'evaluations' => [['indicator' => $indicators[0], 'level' => 5]],
    ])));
    $value = $region->call(INDEX . '/ExplainIndex', ['name' => $assessment])['value'];
    same('tree', count($value['tree']['terms']) > 0, true);
});
check('a score of another body waits until the ministry confirms it', function () use ($ministry, $region, $once, $unit) {
    $key = ['metric' => 'ombudsman', 'subject' => $unit, 'period' => '2024'];
    $waits = $region->call(INDEX . '/RecordExternalScore', $once(['score' => $key + [
        'score' => '95.23', 'source' => 'Siaran pers', 'documentLink' => 'https://contoh.go.id/opini.pdf',
    ]]))['score'];
    same('confirmed', isset($waits['confirmTime']), false);
    $ministry->call(INDEX . '/ConfirmExternalScore', $once($key + ['etag' => $waits['etag']]));
    $scores = $region->get(INDEX . '/ListExternalScores', $key)['scores'];
    same('scores', array_column($scores, 'score'), ['95.23']);
});

// The league tables.
check('the unit stands in the league table with its index, for everybody to read', function () use ($citizen, $unit, $expected) {
    $table = 'metrics/skm/periods/' . PERIOD . '/cohorts/dpmptsp';
    $row = function () use ($citizen, $table, $unit): ?array {
        try {
            $page = $citizen->get(RANKING . '/GetLeagueTable', ['name' => $table, 'around' => $unit]);
        } catch (Refused) {
            return null;
        }
        return current(array_filter($page['rows'], fn ($one) => $one['subject'] === $unit)) ?: null;
    };
    until('row of the unit', fn () => ($row()['score'] ?? '') === $expected['nik']);
    same('rank', ($row()['rank'] ?? 0) > 0, true);
    $entries = $citizen->get(RANKING . '/GetScorecard', ['subject' => $unit, 'metric' => 'skm'])['entries'];
    same('periods', array_column($entries, 'period'), [PERIOD]);
    [$first] = $citizen->stream(RANKING . '/WatchLeagueTable', [['name' => $table, 'pageSize' => 1000]], 1);
    same('watched', in_array($unit, array_column($first['rows'], 'subject'), true), true);
});

// The descriptions of the API.
foreach (['openapi.json' => 'openapi', 'asyncapi.json' => 'asyncapi'] as $path => $field) {
    check("the server describes itself at /$path", function () use ($citizen, $path, $field) {
        [$status, $body] = $citizen->read($path);
        same('status', $status, 200);
        same('version', str_starts_with(json_decode($body, true)[$field], '3.1.'), true);
    });
}

echo "$passed passed, $failed failed\n";
exit($failed > 0 || $passed === 0 ? 1 : 0);
