/** Where the server is in its life: the parts that ask are built before it listens. */
export class Lifecycle {
  /** Whether it lets nobody in any more, because it is about to end. */
  isDraining = false
  /** Where it listens; none before it does. */
  addresses: readonly string[] = []
}
