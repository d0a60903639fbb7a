/** Filters of subscriptions: the JMESPath expression of `[filter=…]name`, bounded in what it may cost. */
import { TreeInterpreter, compile, type JSONValue } from '@jmespath-community/jmespath'
import { type Result, fail, ok } from '../failure.ts'
import { type FilterCost, type Expression, costOf } from './filter-cost.ts'
import type { FilterView, FilterInput } from './filter-view.ts'

/** Bytes of an expression, before base64. */
const MAX_BYTES = 1024

export class MessageFilter {
  /** Filters with the same expression let the same messages through. */
  readonly expression: string
  readonly cost: FilterCost
  readonly #root: Expression

  constructor(expression: string, root: Expression, cost: FilterCost) {
    this.expression = expression
    this.cost = cost
    this.#root = root
  }

  /** Upper bound of the steps that evaluating it on a message takes. */
  stepsOn({ dataSize, restSize }: FilterInput): number {
    const { growing, readsData, units } = this.cost
    if (growing === 0) return units
    return units + growing * (restSize + (readsData ? dataSize : 0))
  }

  /** Whether the expression is true of the message, as JMESPath has it: not false, null or empty. */
  matches(view: FilterView): boolean {
    try {
      return isTrue(TreeInterpreter.search(this.#root, view))
    } catch {
      // A function was given a value of another type, such as the length of a number.
      return false
    }
  }
}

function isTrue(value: JSONValue): boolean {
  if (value === null || value === false || value === '') return false
  return typeof value !== 'object' || Object.keys(value).length > 0
}

/**
 * Reads a filter from the qualifier of a channel name.
 * @param encoded the expression in base64, of either alphabet, padded or not
 * @returns `filter_invalid`, with a message for its author that quotes nothing
 */
export function compileFilter(encoded: string): Result<MessageFilter> {
  if (encoded.length > Math.ceil(MAX_BYTES / 3) * 4) return tooLong()
  const expression = decoded(encoded)
  if (expression === undefined) return invalid('the filter is not base64 of UTF-8 text')
  if (Buffer.byteLength(expression) > MAX_BYTES) return tooLong()
  let root: Expression
  try {
    root = compile(expression)
  } catch {
    return invalid('the filter is not a JMESPath expression')
  }
  const cost = costOf(root)
  return typeof cost === 'string' ? invalid(cost) : ok(new MessageFilter(expression, root, cost))
}

function decoded(encoded: string): string | undefined {
  const standard = encoded.replaceAll('-', '+').replaceAll('_', '/')
  try {
    const bytes = Uint8Array.fromBase64(standard)
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

function invalid<T>(message: string): Result<T> {
  return fail('filter_invalid', message)
}

function tooLong<T>(): Result<T> {
  return invalid(`the filter has more than ${MAX_BYTES} bytes`)
}
