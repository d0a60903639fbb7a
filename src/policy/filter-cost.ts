/** What a filter costs on each message, worked out from the filter alone, and which parts of JMESPath it may use. */
import type { compile } from '@jmespath-community/jmespath'

/** What evaluation may cost: 1 for a part that is looked at once, more for one that grows with the message. */
const MAX_UNITS = 256
const UNITS_PER_MESSAGE = 1
const UNITS_PER_VALUE = 16

export type Expression = ReturnType<typeof compile>

export interface FilterCost {
  /** Cost that does not depend on the message. */
  readonly units: number
  /** How many parts cost more with each value or letter of the message. */
  readonly growing: number
  /** Whether those parts may read the data; otherwise they read headers and fields that every message has. */
  readonly readsData: boolean
}

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

/** @returns what keeps an expression from being used, as a text */
export function costOf(root: Expression): FilterCost | string {
  const open = [{ expression: root, isRepeated: false }]
  let units = 0
  let growing = 0
  let readsData = false
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { expression, isRepeated } = next
    const inside = partsOf(expression)
    if (inside === undefined) return 'the filter uses a part of JMESPath that is not for filters'
    const grows = isRepeated || growsWithMessage(expression)
    units += grows ? UNITS_PER_VALUE : UNITS_PER_MESSAGE
    if (units > MAX_UNITS) return 'the filter is too complex'
    if (grows && !isLeaf(expression)) growing++
    readsData ||= mayBeData(expression)
    for (const inner of inside.once) open.push({ expression: inner, isRepeated })
    for (const inner of inside.perItem ?? []) open.push({ expression: inner, isRepeated: true })
  }
  return { units, growing, readsData }
}

/** By its name, as the whole message, or as one of all its members. */
function mayBeData(expression: Expression): boolean {
  if (expression.type === 'Field') return expression.name === 'data'
  return expression.type === 'Current' || expression.type === 'ValueProjection'
}

/** Whether a part only reads a value, which costs hardly anything beside the part that it is in. */
function isLeaf(expression: Expression): boolean {
  return ['Current', 'Field', 'Identity', 'Index', 'Literal'].includes(expression.type)
}

/** Whether a part goes through a whole list or text, whose length the message decides. */
function growsWithMessage(expression: Expression): boolean {
  switch (expression.type) {
    case 'Function':
    case 'Flatten':
    case 'Slice':
    case 'Projection':
    case 'ValueProjection':
    case 'FilterProjection':
      return true
    case 'Comparator':
      return !isScalar(expression.left) && !isScalar(expression.right)
    default:
      return false
  }
}

function isScalar(expression: Expression): boolean {
  return (
    expression.type === 'Literal' &&
    (typeof expression.value !== 'object' || expression.value === null)
  )
}

interface Inside {
  readonly once: readonly Expression[]
  /** Looked at for each item of a list. */
  readonly perItem?: readonly Expression[]
}

/**
 * The parts inside an expression, or undefined if it may not be used: what makes new values out of one several
 * times (they could grow without bound), what looks again at the whole message from inside a list, and
 * what only one dialect knows.
 */
function partsOf(expression: Expression): Inside | undefined {
  switch (expression.type) {
    case 'Literal':
    case 'Index':
    case 'Slice':
    case 'Current':
    case 'Identity':
      return { once: [] }
    case 'Field':
      // The library would find these in every object.
      return expression.name in Object.prototype ? undefined : { once: [] }
    case 'NotExpression':
    case 'Flatten':
      return { once: [expression.child] }
    case 'Comparator':
    case 'AndExpression':
    case 'OrExpression':
    case 'Subexpression':
    case 'IndexExpression':
    case 'Pipe':
      return { once: [expression.left, expression.right] }
    case 'Projection':
    case 'ValueProjection':
      return { once: [expression.left], perItem: [expression.right] }
    case 'FilterProjection':
      return { once: [expression.left], perItem: [expression.condition, expression.right] }
    case 'Function':
      return FUNCTIONS.has(expression.name) ? { once: expression.children } : undefined
    default:
      return undefined
  }
}
