/** Answers that the embedded engine has at once and others have later: no promise is made where none is needed. */

export type Soon<T> = T | Promise<T>

/**
 * Goes on with an answer, in the same turn where it is there already.
 * Not for the way of every message: the closure that it takes is an object for each.
 */
export function andThen<A, B>(soon: Soon<A>, go: (answer: A) => Soon<B>): Soon<B> {
  return soon instanceof Promise ? soon.then(go) : go(soon)
}
