/** What the annotations of a message come to, kept up to date with each of them (RSAN, TM7). */
import { AnnotationTally, summaryMethod } from './annotation-tally.ts'
import { summaryText } from './summary-text.ts'
import type { Annotation, JsonText } from '../types.ts'

/** A quarter of what a message may have by default. */
const DEFAULT_MAX_BYTES = 16_384

/** Types and names that are counted on one message; annotations that would begin another are not. */
const MAX_ROWS = 10_000

/** A summary that grows with its message. It holds each client once per name, which is what exact totals take. */
export class SummaryState {
  readonly #tallies = new Map<string, AnnotationTally>()
  #rows = 0
  /** The text, until something changes. */
  #text: { readonly maxBytes: number; readonly json: JsonText } | undefined

  static from(annotations: Iterable<Annotation>): SummaryState {
    const state = new SummaryState()
    for (const annotation of annotations) state.apply(annotation)
    return state
  }

  /**
   * Counts the next annotation of the message; each is to be given once, in the order of their serials.
   * @returns whether the summary changed
   */
  apply(annotation: Annotation): boolean {
    const method = summaryMethod(annotation.type)
    if (method === undefined) return false
    const hasRoom = this.#rows < MAX_ROWS
    const known = this.#tallies.get(annotation.type)
    if (known === undefined && !hasRoom) return false
    const tally = known ?? new AnnotationTally(method)
    const names = tally.names.size
    if (!tally.apply(annotation, hasRoom)) return false
    this.#text = undefined
    if (known === undefined) this.#tallies.set(annotation.type, tally)
    this.#rows += tally.names.size - names + (known === undefined ? 1 : 0)
    return true
  }

  /** How many things it remembers, to which its memory is proportional. */
  get size(): number {
    let size = this.#rows
    for (const { names } of this.#tallies.values()) {
      for (const { clients } of names.values()) size += clients.size
    }
    return size
  }

  /** @param maxBytes of the text in UTF-8; what does not fit is left out as `summaryText` says */
  toJson(maxBytes = DEFAULT_MAX_BYTES): JsonText {
    if (this.#text?.maxBytes !== maxBytes)
      this.#text = { maxBytes, json: summaryText(this.#tallies, maxBytes) }
    return this.#text.json
  }
}
