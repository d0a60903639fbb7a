/** A number that MessagePack writes as a double even where it is whole: readers in typed languages expect that (OD4c3). */
export class Double {
  readonly value: number

  constructor(value: number) {
    this.value = value
  }

  toJSON(): number {
    return this.value
  }
}
