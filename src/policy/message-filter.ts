/** Which messages of a channel a reader wants: the JMESPath of `[filter=…]name`, within bounds. */
import { TreeInterpreter, compile, type JSONValue } from '@jmespath-community/jmespath'
import { type Result, fail, ok } from '../failure.ts'
import type { FilterView } from './filter-view.ts'

/** Bytes of an expression, before base64. */
const MAX_BYTES = 1024

/** What evaluation may cost: 1 for a part that is looked at once, more for one that grows with the message. */
const MAX_COST = 256
const COST_PER_MESSAGE = 1
const COST_PER_VALUE = 16

type Part = ReturnType<typeof compile>

/** What may be called: standard functions whose results are no bigger than what they are given. */
const FUNCTIONS = new Set([
  'abs',
  'avg',
  'ceil',
  'contains',
  'ends_with',
  'floor',
  'keys',
  'length',
  'max',
  'min',
  'not_null',
  'starts_with',
  'sum',
  'to_number',
  'to_string',
  'type',
  'values',
])

export class MessageFilter {
  /** Filters with the same expression let the same messages through. */
  readonly expression: string
  readonly #root: Part

  constructor(expression: string, root: Part) {
    this.expression = expression
    this.#root = root
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
  let root: Part
  try {
    root = compile(expression)
  } catch {
    return invalid('the filter is not a JMESPath expression')
  }
  const fault = faultOf(root)
  return fault === undefined ? ok(new MessageFilter(expression, root)) : invalid(fault)
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

/** What keeps an expression from being used, or undefined. */
function faultOf(root: Part): string | undefined {
  const open = [{ part: root, isRepeated: false }]
  let cost = 0
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { part, isRepeated } = next
    const inside = partsOf(part)
    if (inside === undefined) return 'the filter uses a part of JMESPath that is not for filters'
    cost += isRepeated || growsWithMessage(part) ? COST_PER_VALUE : COST_PER_MESSAGE
    if (cost > MAX_COST) return 'the filter is too complex'
    for (const inner of inside.once) open.push({ part: inner, isRepeated })
    for (const inner of inside.perItem ?? []) open.push({ part: inner, isRepeated: true })
  }
  return undefined
}

/** Whether it goes through a whole list or text, of which the message decides how long it is. */
function growsWithMessage(part: Part): boolean {
  switch (part.type) {
    case 'Function':
    case 'Flatten':
    case 'Slice':
    case 'Projection':
    case 'ValueProjection':
    case 'FilterProjection':
      return true
    case 'Comparator':
      return !isScalar(part.left) && !isScalar(part.right)
    default:
      return false
  }
}

function isScalar(part: Part): boolean {
  return part.type === 'Literal' && (typeof part.value !== 'object' || part.value === null)
}

interface Inside {
  readonly once: readonly Part[]
  /** Looked at for each item of a list. */
  readonly perItem?: readonly Part[]
}

/**
 * The parts inside a part, or undefined if it may not be used: what makes new values out of one several
 * times (they could grow without bound), what looks again at the whole message from inside a list, and
 * what only one dialect knows.
 */
function partsOf(part: Part): Inside | undefined {
  switch (part.type) {
    case 'Literal':
    case 'Index':
    case 'Slice':
    case 'Current':
    case 'Identity':
      return { once: [] }
    case 'Field':
      // The library would find these in every object.
      return part.name in Object.prototype ? undefined : { once: [] }
    case 'NotExpression':
    case 'Flatten':
      return { once: [part.child] }
    case 'Comparator':
    case 'AndExpression':
    case 'OrExpression':
    case 'Subexpression':
    case 'IndexExpression':
    case 'Pipe':
      return { once: [part.left, part.right] }
    case 'Projection':
    case 'ValueProjection':
      return { once: [part.left], perItem: [part.right] }
    case 'FilterProjection':
      return { once: [part.left], perItem: [part.condition, part.right] }
    case 'Function':
      return FUNCTIONS.has(part.name) ? { once: part.children } : undefined
    default:
      return undefined
  }
}
