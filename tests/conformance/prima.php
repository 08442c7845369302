<?php

// A client of Prima in plain PHP with curl: every method as JSON over HTTP, without a generated file or a library.

declare(strict_types=1);

/** A refusal: the code of the protocol, the reason, and the fields that are not valid. */
final class Refused extends RuntimeException
{
    public function __construct(
        public readonly string $status,
        public readonly ?string $reason,
        public readonly array $fields,
        string $message,
    ) {
        parent::__construct($message);
    }

    public static function of(array $error): self
    {
        $reason = null;
        $fields = [];
        foreach ($error['details'] ?? [] as $detail) {
            $debug = $detail['debug'] ?? [];
            $reason ??= $detail['type'] === 'google.rpc.ErrorInfo' ? $debug['reason'] ?? null : null;
            $fields = [...$fields, ...array_column($debug['fieldViolations'] ?? [], 'field')];
        }
        return new self($error['code'] ?? 'unknown', $reason, $fields, $error['message'] ?? '');
    }
}

final class Prima
{
    /** What each answer is told to, as JSON: the method, the request, the status of HTTP, and the answer. */
    public static ?Closure $record = null;

    private readonly CurlHandle $curl;

    public function __construct(private readonly string $endpoint, private readonly ?string $token = null)
    {
        $this->curl = curl_init();
    }

    /** Calls a method, such as `directory.v1.DirectoryService/GetUnit`. */
    public function call(string $method, array $fields = []): array
    {
        $body = self::json($fields);
        return $this->answered($method, $body, $this->send($method, 'application/json', $body));
    }

    /** The same by GET, for methods that only read. */
    public function get(string $method, array $fields = []): array
    {
        $message = self::json($fields);
        $query = http_build_query(['connect' => 'v1', 'encoding' => 'json', 'message' => $message]);
        return $this->answered($method, $message, $this->send("$method?$query", 'application/json'));
    }

    /** Sends messages as a stream, and returns the messages of the answer, at most `$most` of them. */
    public function stream(string $method, array $messages, int $most = PHP_INT_MAX): array
    {
        $sent = implode('', array_map(fn ($message) => self::envelope(self::json($message)), $messages));
        $received = '';
        $found = [];
        $take = function ($curl, string $bytes) use (&$received, &$found, $method, $most): int {
            $received .= $bytes;
            while (strlen($received) >= 5) {
                ['flags' => $flags, 'length' => $length] = unpack('Cflags/Nlength', $received);
                if (strlen($received) < 5 + $length) {
                    break;
                }
                $message = substr($received, 5, $length);
                $received = substr($received, 5 + $length);
                $last = ($flags & 2) !== 0;
                $found[] = [$last, json_decode($message, true, 512, JSON_THROW_ON_ERROR)];
                if (!$last) {
                    self::told($method, '{}', 200, $message);
                }
            }
            // Less than was received ends the transfer.
            return count($found) >= $most ? 0 : strlen($bytes);
        };
        $this->send($method, 'application/connect+json', $sent, $take);
        foreach ($found as [$last, $message]) {
            if ($last && isset($message['error'])) {
                throw Refused::of($message['error']);
            }
        }
        return array_column(array_filter($found, fn ($one) => !$one[0]), 1);
    }

    /** The status and body of a path of the server. */
    public function read(string $path): array
    {
        return $this->perform("$this->endpoint/$path", []);
    }

    private function send(string $path, string $type, ?string $body = null, ?Closure $take = null): array
    {
        $headers = ["content-type: $type", 'connect-protocol-version: 1'];
        if ($this->token !== null) {
            $headers[] = "authorization: Bearer $this->token";
        }
        $options = [CURLOPT_HTTPHEADER => $headers];
        $options += $body === null ? [] : [CURLOPT_POSTFIELDS => $body];
        $options += $take === null ? [] : [CURLOPT_WRITEFUNCTION => $take];
        return $this->perform("$this->endpoint/prima.$path", $options);
    }

    private function perform(string $url, array $options): array
    {
        curl_reset($this->curl);
        // What writes the answer itself comes last: each of the two replaces the other.
        curl_setopt_array($this->curl, [CURLOPT_URL => $url, CURLOPT_TIMEOUT => 30, CURLOPT_RETURNTRANSFER => true]);
        curl_setopt_array($this->curl, $options);
        $body = curl_exec($this->curl);
        $status = curl_getinfo($this->curl, CURLINFO_RESPONSE_CODE);
        // A stream that was read far enough is ended by its reader.
        if ($body === false && curl_errno($this->curl) !== CURLE_WRITE_ERROR) {
            throw new RuntimeException("$url: " . curl_error($this->curl));
        }
        return [$status, (string) $body];
    }

    private function answered(string $method, string $request, array $answer): array
    {
        [$status, $body] = $answer;
        self::told($method, $request, $status, $body);
        $fields = json_decode($body, true, 512, JSON_THROW_ON_ERROR);
        return $status === 200 ? $fields : throw Refused::of($fields);
    }

    private static function told(string $method, string $request, int $status, string $body): void
    {
        if (self::$record !== null) {
            (self::$record)("{\"method\":\"prima.$method\",\"request\":$request,\"status\":$status,\"answer\":$body}\n");
        }
    }

    private static function json(array $fields): string
    {
        return json_encode((object) $fields, JSON_THROW_ON_ERROR | JSON_UNESCAPED_SLASHES | JSON_UNESCAPED_UNICODE);
    }

    private static function envelope(string $message): string
    {
        return pack('CN', 0, strlen($message)) . $message;
    }
}
