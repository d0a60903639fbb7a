/**
 * Finds the text of values within JSON, so that they can be passed on exactly as written: parsing and writing
 * them again would round large numbers, reorder members and drop repeated ones. The text has
 * been parsed before, so nothing is checked here. It is read once, in linear time.
 */

const QUOTE = 0x22
const BACKSLASH = 0x5c
const COMMA = 0x2c
const OPENING = { object: 0x7b, array: 0x5b } as const
const CLOSING = { object: 0x7d, array: 0x5d } as const

export class JsonScanner {
  readonly text: string
  /** Index of the next character. */
  at: number
  /** Nesting depth of the value that was skipped last; 0 for anything but objects and arrays. */
  depth = 0
  /** Number of commas between the items or members of that value. */
  commas = 0

  constructor(text: string, at = 0) {
    this.text = text
    this.at = at
  }

  /** The next character after white space; NaN at the end. */
  peek(): number {
    for (;;) {
      const code = this.text.charCodeAt(this.at)
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return code
      this.at++
    }
  }

  /** Skips a value. */
  skip(): void {
    this.depth = 0
    this.commas = 0
    const first = this.peek()
    if (first === QUOTE) this.skipText()
    else if (first === OPENING.object || first === OPENING.array) this.#skipStructure()
    else this.#skipWord()
  }

  /** By variables of its own, which cost less to change than members: there is a step for each character. */
  #skipStructure(): void {
    const { text } = this
    const { length } = text
    let { at } = this
    let depth = 0
    let deepest = 0
    let commas = 0
    do {
      const code = text.charCodeAt(at)
      if (code === QUOTE) {
        at = endOfText(text, at)
        continue
      }
      at++
      if (code === OPENING.object || code === OPENING.array) {
        if (++depth > deepest) deepest = depth
      } else if (code === CLOSING.object || code === CLOSING.array) depth--
      else if (code === COMMA && depth === 1) commas++
    } while (depth > 0 && at < length)
    this.at = at
    this.depth = deepest
    this.commas = commas
  }

  /** Skips a value. @returns its text */
  take(): string {
    this.peek()
    const from = this.at
    this.skip()
    return this.text.slice(from, this.at)
  }

  /** Skips a string. */
  skipText(): void {
    this.at = endOfText(this.text, this.at)
  }

  /** Skips a string. @returns its value */
  takeText(): string {
    const from = this.at
    this.skipText()
    const text = this.text.slice(from + 1, this.at - 1)
    return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
  }

  /**
   * Skips an object.
   * @param visit called at the value of each member, which it has to skip
   */
  members(visit: (name: string) => unknown): void {
    this.at++
    while (this.peek() === QUOTE) {
      const name = this.takeText()
      this.peek()
      // The colon.
      this.at++
      visit(name)
      this.#comma()
    }
    this.at++
  }

  /**
   * Skips an array.
   * @param visit called at each item, which it has to skip
   */
  items(visit: (index: number) => unknown): void {
    this.at++
    for (let index = 0; this.peek() !== CLOSING.array && this.at < this.text.length; index++) {
      visit(index)
      this.#comma()
    }
    this.at++
  }

  #comma(): void {
    if (this.peek() === COMMA) this.at++
  }

  /** A number, `true`, `false` or `null`. */
  #skipWord(): void {
    const { text } = this
    for (this.at++; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at)
      const isEnd = code === COMMA || code === CLOSING.array || code === CLOSING.object
      if (isEnd || code <= 0x20) return
    }
  }
}

/** Behind a text in quotes; never before where it begins, should it not be JSON after all. */
function endOfText(text: string, from: number): number {
  let end = from
  do end = text.indexOf('"', end + 1)
  while (end >= 0 && isEscaped(text, end))
  return end < 0 ? text.length : end + 1
}

function isEscaped(text: string, at: number): boolean {
  let from = at
  while (text.charCodeAt(from - 1) === BACKSLASH) from--
  return (at - from) % 2 === 1
}

/** The texts of the items of an array. */
export function itemTexts(text: string): string[] {
  const scanner = new JsonScanner(text)
  const items: string[] = []
  scanner.peek()
  scanner.items(() => items.push(scanner.take()))
  return items
}

/** The names of the members of an object. */
export function memberNames(text: string): string[] {
  const scanner = new JsonScanner(text)
  const names: string[] = []
  scanner.peek()
  scanner.members((name) => {
    names.push(name)
    scanner.skip()
  })
  return names
}

/** The text of a member of an object, the last of its name; undefined if there is none. */
export function memberText(text: string, wanted: string): string | undefined {
  const scanner = new JsonScanner(text)
  let found: string | undefined
  scanner.peek()
  scanner.members((name) => {
    if (name === wanted) found = scanner.take()
    else scanner.skip()
  })
  return found
}
