/**
 * Whether a regular expression takes no more steps than a text has letters, however that text is made. Strict: what
 * it cannot tell counts as no. A repetition that can end in several places, before another one or before what may
 * fail, has to try them all; so has one that is looked for from every letter of the same run.
 */

/** By code, and the last for all that are not ASCII. */
type Letters = readonly boolean[]

interface Atom {
  readonly kind: 'atom'
  readonly letters: Letters
  readonly min: number
  readonly max: number
}

/** A group that is repeated without end. */
interface Loop {
  readonly kind: 'loop'
  readonly bodies: readonly Sequence[]
}

/** `^`, `$`, and what looks ahead. */
interface Edge {
  readonly kind: 'edge'
  readonly text: string
}

type Item = Atom | Loop | Edge
type Sequence = readonly Item[]

const CODES = 129
const MAX_SEQUENCES = 5000

export function isLinear(source: string, flags: string): boolean {
  const sequences = new Parser(source, flags).parse()
  if (sequences.length > MAX_SEQUENCES) return false
  const isEachLine = flags.includes('m')
  return sequences.every((sequence) => {
    const items = sequence.filter(({ kind }) => kind !== 'edge')
    const [first] = sequence
    const isAnchored = !isEachLine && first?.kind === 'edge' && first.text === '^'
    return isDecided(items, [], isAnchored) && (isAnchored || isFoundOnce(items, sequence))
  })
}

/** Whether each repetition can end in one place only. The last one may end anywhere if it begins in one place. */
function isDecided(items: Sequence, after: Sequence, mayEndAnywhere: boolean): boolean {
  const endless = items.filter(isEndless)
  return endless.every((item) => {
    const rest = [...items.slice(items.indexOf(item) + 1), ...after]
    if (item.kind === 'loop') return isDecidedLoop(item, rest)
    const isLast = !rest.some(isEndless)
    return (mayEndAnywhere && isLast) || isApart(item.letters, rest)
  })
}

function isDecidedLoop({ bodies }: Loop, rest: Sequence): boolean {
  return bodies.every((body, place) => {
    const [first] = body
    if (first?.kind !== 'atom' || first.min === 0) return false
    if (bodies.some((other, at) => at < place && !isApart(first.letters, other))) return false
    return isApart(first.letters, rest) && isDecided(body, [first, ...rest], false)
  })
}

/** Whether none of these letters can begin what comes next. */
function isApart(letters: Letters, rest: Sequence): boolean {
  for (const item of rest) {
    if (item.kind === 'loop') {
      if (!item.bodies.every((body) => isApart(letters, body))) return false
    } else if (item.kind === 'atom') {
      if (meets(letters, item.letters)) return false
      if (item.min > 0) return true
    }
  }
  return true
}

/** Whether a search that begins inside of a run of letters fails at once, or cannot fail at all. */
function isFoundOnce(items: Sequence, sequence: Sequence): boolean {
  const place = items.findIndex(isEndless)
  if (place < 0) return true
  const isWhole = place === items.length - 1 && sequence.at(-1) === items[place]
  const [first] = items
  if (first?.kind !== 'atom' || first.min === 0) return isWhole
  if (place === 0) return isWhole
  return items.every(
    (item) => item.kind !== 'loop' && (!isEndless(item) || !meets(first.letters, item.letters)),
  )
}

function isEndless(item: Item): item is Atom | Loop {
  return item.kind === 'loop' || (item.kind === 'atom' && item.max === Infinity)
}

function meets(a: Letters, b: Letters): boolean {
  return a.some((has, code) => has && b[code])
}

class Parser {
  readonly #source: string
  readonly #flags: string
  #at = 0

  constructor(source: string, flags: string) {
    this.#source = source
    this.#flags = flags
  }

  parse(): Sequence[] {
    const all = this.#alternatives()
    if (this.#at < this.#source.length) throw new Error(`not understood: ${this.#source}`)
    return all
  }

  /** All ways through, without groups and choices. */
  #alternatives(): Sequence[] {
    const all: Sequence[] = []
    do all.push(...this.#sequence())
    while (this.#take('|'))
    return all
  }

  #sequence(): Sequence[] {
    let ways: Sequence[] = [[]]
    while (this.#at < this.#source.length && !'|)'.includes(this.#source[this.#at]!)) {
      const next = this.#term()
      ways = ways.flatMap((way) => next.map((items) => way.concat(items)))
      if (ways.length > MAX_SEQUENCES) return ways
    }
    return ways
  }

  #term(): Sequence[] {
    if (this.#take('^')) return [[{ kind: 'edge', text: '^' }]]
    if (this.#take('$')) return [[{ kind: 'edge', text: '$' }]]
    if (this.#take('\\b')) return [[{ kind: 'edge', text: '\\b' }]]
    if (this.#take('(')) return this.#group()
    const letters = this.#letters()
    const { min, max } = this.#quantifier()
    return [[{ kind: 'atom', letters, min, max }]]
  }

  #group(): Sequence[] {
    const isAhead = this.#take('?=') || this.#take('?!')
    if (!isAhead) this.#take('?:')
    const bodies = this.#alternatives()
    if (!this.#take(')')) throw new Error(`not understood: ${this.#source}`)
    if (isAhead)
      return bodies.some((body) => body.some(isEndless))
        ? [[...endlessly(bodies)]]
        : [[{ kind: 'edge', text: '(?' }]]
    const { min, max } = this.#quantifier()
    if (max === Infinity) return [endlessly(bodies)]
    const times = Array.from({ length: max - min + 1 }, (_, i) => min + i)
    return times.flatMap((count) => repeated(bodies, count))
  }

  #quantifier(): { min: number; max: number } {
    const found = /^(?:[*+?]|\{(\d+)(,?)(\d*)\})\??/.exec(this.#source.slice(this.#at))
    if (!found) return { min: 1, max: 1 }
    this.#at += found[0].length
    const [text, from, comma, to] = found
    if (text.startsWith('*')) return { min: 0, max: Infinity }
    if (text.startsWith('+')) return { min: 1, max: Infinity }
    if (text.startsWith('?')) return { min: 0, max: 1 }
    const min = Number(from)
    return { min, max: comma === '' ? min : to === '' ? Infinity : Number(to) }
  }

  /** One letter, or a class of them, asked of the engine itself. */
  #letters(): Letters {
    const start = this.#at
    if (this.#source[this.#at] === '[') this.#skipClass()
    else if (this.#source[this.#at] === '\\') this.#skipEscape()
    else this.#at++
    const one = new RegExp(
      `^${this.#source.slice(start, this.#at)}$`,
      this.#flags.replaceAll(/[gmy]/g, ''),
    )
    return Array.from({ length: CODES }, (_, code) =>
      code < CODES - 1
        ? one.test(String.fromCharCode(code))
        : ['é', 'Ω', '\u2028', '…'].some((letter) => one.test(letter)),
    )
  }

  #skipClass(): void {
    for (this.#at++; this.#source[this.#at] !== ']'; this.#at++)
      if (this.#source[this.#at] === '\\') this.#at++
    this.#at++
  }

  #skipEscape(): void {
    const rest = this.#source.slice(this.#at)
    this.#at += (/^\\(?:[pP]\{\w+\}|u[\da-fA-F]{4}|x[\da-fA-F]{2}|.)/s.exec(rest) ?? [''])[0].length
  }

  #take(text: string): boolean {
    if (!this.#source.startsWith(text, this.#at)) return false
    this.#at += text.length
    return true
  }
}

function endlessly(bodies: readonly Sequence[]): Sequence {
  return [{ kind: 'loop', bodies: bodies.filter((body) => body.length > 0) }]
}

function repeated(bodies: readonly Sequence[], count: number): Sequence[] {
  let ways: Sequence[] = [[]]
  for (let i = 0; i < count; i++)
    ways = ways.flatMap((way) => bodies.map((body) => way.concat(body)))
  return ways
}
