/** What a benchmark is to the runner: something to set up, to measure in parts, and to read figures from. */

/** What is measured in one column of the table. */
export interface Variant {
  /**
   * Our server, or the bare `Bun.serve` that it is held against. A benchmark that needs no server sets a hard
   * case against an easy one, and the easy one takes the place of `bare`.
   */
  readonly kind: 'ours' | 'bare'
  /** Folder of the sources that are run. */
  readonly checkout: string
  readonly heading: string
}

/** The two columns. The second is what the first is held against. */
export interface Pair<T> {
  readonly ours: T
  readonly other: T
}

/** Figures by the key of their metric. */
export type Sample = Readonly<Record<string, number>>

/** How large a measurement shall be. */
export interface Scale {
  /** Length of one measured part. */
  readonly seconds: number
  /** A look in passing: fewer connections. */
  readonly quick: boolean
}

/** One variant, set up and warm. */
export interface Session extends AsyncDisposable {
  /** Measures for a while. What the parts of a session find adds up. */
  part(): Promise<void>
  /** The figures over all parts so far. */
  sample(): Sample
}

/**
 * What a figure must reach: `ratio` is ours divided by the other's, `excess` ours minus the other's,
 * `value` ours alone.
 */
export interface Target {
  readonly of: 'ratio' | 'excess' | 'value'
  readonly is: 'at least' | 'at most'
  readonly limit: number
}

export interface Metric {
  readonly key: string
  /** What it is and its unit, as the table says it. */
  readonly label: string
  readonly digits: number
  /** Which way is better, so that one checkout can be called slower than another. */
  readonly better?: 'more' | 'less'
  /** Against the bare server. */
  readonly target?: Target
}

export interface Benchmark {
  readonly name: string
  readonly summary: string
  /** Headings of the two columns where neither is the bare server. Another checkout goes without them. */
  readonly columns?: Pair<string>
  readonly metrics: readonly Metric[]
  /** Rounds at most, for what takes long or hardly varies. */
  readonly roundsAtMost?: number
  /**
   * Parts of a round. With more than one, both variants are set up side by side and take turns, because
   * a shared machine changes its speed within a second; with one they are set up one after the other.
   */
  readonly parts: number
  open(variant: Variant, scale: Scale): Promise<Session>
}
