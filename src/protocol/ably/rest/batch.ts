/** Answers to requests whose parts succeed or fail independently (BAR2, BPR, BPF, BGF). */
import { type Failure, failure } from '../../../failure.ts'
import { type ErrorInfo, errorInfo } from '../errors/error-info.ts'
import { type RestAnswer, errorHeaders } from '../http/answer.ts'
import { LazyList, LazyObject } from '../wire/pieces.ts'
import { NEW_BATCH_SHAPES, type RestCall } from '../http/router.ts'

/** The result of a failed part. SDKs recognise it by its `error`. */
export interface FailedPart {
  readonly channel: string
  readonly error: ErrorInfo
}

export function failedPart(channel: string, why: Failure, { visit }: RestCall): FailedPart {
  return { channel, error: errorInfo(why, visit.base) }
}

/** The results of one batch, in the order of its channels. */
export interface Batch {
  readonly results: readonly object[]
}

/**
 * Newer versions get counts and results; older ones all results in one list, and one failure fails the request.
 * @param isList whether the request was a list, so that the answer is one too
 * @param status where nothing fails the whole
 */
export function batchAnswer(
  batches: readonly Batch[],
  isList: boolean,
  call: Pick<RestCall, 'query' | 'version' | 'visit'>,
  status: 200 | 201,
): RestAnswer {
  if (wantsNewShapes(call)) {
    const counted = batches.map(withCounts)
    return { status, value: isList ? listOf(counted) : counted[0] }
  }
  const results = batches.flatMap((batch) => batch.results)
  if (results.every(isSuccess)) return { status, value: listOf(results) }
  const why = failure('batch_has_errors')
  const error = errorInfo(why, call.visit.base)
  const headers = errorHeaders(error)
  const value = new LazyObject({ error, batchResponse: listOf(results) })
  return { status: why.status, value, headers }
}

/** Clients of older versions can ask for the new shapes with a parameter. */
function wantsNewShapes({ query, version }: Pick<RestCall, 'query' | 'version'>): boolean {
  return version >= NEW_BATCH_SHAPES || query.get('newBatchResponse') === 'true'
}

/** Each of its items may be lazy. */
function listOf(items: readonly object[]): LazyList {
  return LazyList.of(items, (item) => item)
}

function isSuccess(result: object): boolean {
  return !('error' in result)
}

function withCounts({ results }: Batch) {
  const successCount = results.filter(isSuccess).length
  const failureCount = results.length - successCount
  return new LazyObject({ successCount, failureCount, results: listOf(results) })
}
