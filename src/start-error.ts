/** Something outside the program that keeps it from starting, to be told in one line and without a stack. */
export class StartError extends Error {
  override readonly name = 'StartError'
}
