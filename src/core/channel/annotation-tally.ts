/** Who contributed what to one type of annotation on one message, by the method that its type names. */
import type { Annotation } from '../types.ts'

const METHODS = ['total', 'flag', 'distinct', 'unique', 'multiple'] as const

export type SummaryMethod = (typeof METHODS)[number]

/** How annotations of the type are summarized: `like:flag.v1` by `flag`, `com.example.note` not at all. */
export function summaryMethod(type: string): SummaryMethod | undefined {
  return METHODS.find((method) => type.endsWith(`:${method}.v1`))
}

/** Whether only clients that say who they are may add or delete annotations of the type. */
export function needsClientId(type: string): boolean {
  const method = summaryMethod(type)
  return method === 'flag' || method === 'distinct' || method === 'unique'
}

/** What one annotation may add, so that no sum loses precision. */
export const MAX_COUNT = 1_000_000

/** What came together under one name. */
export interface Contributions {
  /** How much each client added, in the order in which they came. */
  readonly clients: Map<string, number>
  total: number
  /** The part of the total that belongs to no client. */
  unidentified: number
}

/** Flags have no names; they stand under this one. */
const FLAG_NAME = ''

export class AnnotationTally {
  readonly method: SummaryMethod
  /** Of the method `total`, which knows no clients. */
  total = 0
  /** Only names with contributions. */
  readonly names = new Map<string, Contributions>()
  /** The one name of each client, for the method `unique`. */
  readonly #nameOf = new Map<string, string>()

  constructor(method: SummaryMethod) {
    this.method = method
  }

  /**
   * Counts an annotation. One that has nothing to add or to take away, or that lacks the name or the client
   * that its method needs, counts for nothing.
   * @param hasRoom whether there may be another name
   * @returns whether anything changed
   */
  apply(annotation: Annotation, hasRoom: boolean): boolean {
    const isNew = annotation.action === 'create'
    if (this.method !== 'total') {
      return isNew ? this.#add(annotation, hasRoom) : this.#remove(annotation)
    }
    if (!isNew && this.total === 0) return false
    this.total += isNew ? 1 : -1
    return true
  }

  #add({ name, clientId, count, type }: Annotation, hasRoom: boolean): boolean {
    const key = this.method === 'flag' ? FLAG_NAME : name
    if (key === undefined || (clientId === undefined && needsClientId(type))) return false
    const known = this.names.get(key)
    if (known === undefined && !hasRoom) return false
    if (this.method === 'multiple') return this.#contribute(key, clientId, amountOf(count))
    if (clientId === undefined || known?.clients.has(clientId)) return false
    if (this.method === 'unique') this.#move(clientId, key)
    return this.#contribute(key, clientId, 1)
  }

  #contribute(name: string, clientId: string | undefined, amount: number): boolean {
    if (amount === 0) return false
    const there = this.names.get(name) ?? { clients: new Map(), total: 0, unidentified: 0 }
    this.names.set(name, there)
    there.total += amount
    if (clientId === undefined) there.unidentified += amount
    else there.clients.set(clientId, (there.clients.get(clientId) ?? 0) + amount)
    return true
  }

  #move(clientId: string, name: string): void {
    const old = this.#nameOf.get(clientId)
    if (old !== undefined) this.#withdraw(old, clientId)
    this.#nameOf.set(clientId, name)
  }

  /** Takes back all that a client added under a name; nobody can say what an unidentified one added. */
  #remove({ name, clientId }: Annotation): boolean {
    if (clientId === undefined) return false
    const key = this.method === 'flag' ? FLAG_NAME : (name ?? this.#nameOf.get(clientId))
    if (key === undefined || !this.#withdraw(key, clientId)) return false
    this.#nameOf.delete(clientId)
    return true
  }

  #withdraw(name: string, clientId: string): boolean {
    const there = this.names.get(name)
    const amount = there?.clients.get(clientId)
    if (there === undefined || amount === undefined) return false
    there.clients.delete(clientId)
    there.total -= amount
    if (there.total === 0) this.names.delete(name)
    return true
  }
}

/** What is no count at all adds nothing; saying nothing means one. */
function amountOf(count = 1): number {
  return Number.isInteger(count) && count > 0 ? Math.min(count, MAX_COUNT) : 0
}
