/** Statistics over REST (RSC6), and fixtures for tests in a sandbox. */
import { type Result, fail, ok } from '../../../failure.ts'
import { type Fixture, readFixtures } from '../../../stats/fixture.ts'
import { type IntervalNumbers, nestedNumbers, statsRecord } from '../../../stats/record.ts'
import { type StatsPage, type StatsQuestion, readSpan } from '../../../stats/span.ts'
import { LazyList } from '../wire/pieces.ts'
import type { RestAnswer } from '../http/answer.ts'
import { type AuthorizeParts, authorize, identify } from '../http/authorize.ts'
import { type Answering, bodyThenIdentify } from '../http/body-then-identify.ts'
import { CURSOR, pageAnswer, readDirection, readLimit } from '../http/paging.ts'
import type { RestCall, RestRoute } from '../http/router.ts'

export interface StatsParts extends AuthorizeParts {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  readonly read: (appIds: readonly string[], question: StatsQuestion) => StatsPage
  /** Undefined for a server without a sandbox, which takes no fixtures. */
  readonly addFixtures: ((appId: string, fixtures: readonly Fixture[]) => void) | undefined
}

/** Large, because ably-go writes every member of a record, zeros included. */
const MAX_FIXTURES_BYTES = 1_048_576

export function statsRoutes(parts: StatsParts): RestRoute[] {
  return [
    {
      method: 'GET',
      path: '/stats',
      handle: (call) => readStats(parts, call),
    },
    {
      method: 'POST',
      path: '/stats',
      writes: true,
      maxBodyBytes: MAX_FIXTURES_BYTES,
      handle: (call) => makeUp(parts, call),
    },
  ]
}

async function readStats(parts: StatsParts, call: RestCall): Promise<Result<RestAnswer>> {
  const principal = await authorize(parts, call, 'stats')
  if (!principal.ok) return principal
  const now = parts.now()
  const question = readQuestion(call.query, now)
  if (!question.ok) return question
  const { appId } = principal.value
  const { items, next } = parts.read([appId], question.value)
  const records = LazyList.of(items, (item) => recordOf(appId, item, now, call.version))
  const page = { items: records, next: next?.toString(CURSOR_RADIX) }
  const answer = pageAnswer('stats', call.query, page, { end: String(now) })
  return ok({ ...answer, bytes: items.length * RECORD_BYTES })
}

/** The first version that reads flat entries. */
const FLAT_ENTRIES = 3

/**
 * A record with the flat entries of today and the nested members of before, which ably-go still reads. Older versions
 * get the nested members only, because ably-php fails on objects that it does not know.
 */
function recordOf(appId: string, item: IntervalNumbers, now: number, version: number): object {
  const { entries, schema, ...record } = statsRecord(item, now)
  const flat = version < FLAT_ENTRIES ? undefined : { schema, entries }
  return { ...nestedNumbers(entries), ...record, ...flat, appId }
}

/** The size of the numbers of an interval in memory, roughly. */
const RECORD_BYTES = 4096

const CURSOR_RADIX = 36

function readQuestion(query: URLSearchParams, now: number): Result<StatsQuestion> {
  const unit = query.get('unit') ?? query.get('by') ?? undefined
  const bounds = { start: query.get('start') ?? undefined, end: query.get('end') ?? undefined }
  const span = readSpan({ unit, ...bounds }, now)
  if (!span.ok) return span
  const direction = readDirection(query)
  if (!direction.ok) return direction
  const limit = readLimit(query)
  if (!limit.ok) return limit
  const cursor = query.get(CURSOR)
  if (cursor !== null && !/^[0-9a-z]{1,10}$/.test(cursor))
    return fail('parameter_invalid', 'invalid cursor: it is not one of this list')
  const after = cursor === null ? undefined : Number.parseInt(cursor, CURSOR_RADIX)
  return ok({ span: span.value, direction: direction.value, limit: limit.value, after })
}

function makeUp({ authenticator, addFixtures }: StatsParts, call: RestCall): Answering {
  if (!addFixtures) return fail('sandbox_off')
  return bodyThenIdentify(
    () => identify(authenticator, call),
    () => call.body(),
    ({ appId }, body) => {
      const fixtures = readFixtures(body.value)
      if (!fixtures.ok) return fixtures
      return call.commit(() => {
        addFixtures(appId, fixtures.value)
        return ok({ status: 201, value: { added: fixtures.value.length } })
      })
    },
  )
}
