/** Objects of which some members are JSON text already, which goes into frames as it is. */
import type { JsonText } from '../../../core/types.ts'

type Members = Readonly<Record<string, unknown>>
type Texts = Readonly<Record<string, JsonText | undefined>>

export class Spliced {
  readonly members: Members
  /** None of them is in `members` as well. */
  readonly texts: Texts

  constructor(members: Members, texts: Texts) {
    this.members = members
    this.texts = texts
  }

  /** With other members beside its own. */
  with(members: Members): Spliced {
    return new Spliced({ ...this.members, ...members }, this.texts)
  }

  toText(): JsonText {
    return splice(this.members, this.texts)
  }
}

/** An object for `encode`. */
export type WireValue = Members | Spliced

/** JSON text of an object. Members that are undefined are left out, as always. */
export function splice(members: Members, texts: Texts): JsonText {
  let text = JSON.stringify(members).slice(0, -1)
  for (const name in texts) {
    const member = texts[name]
    if (member === undefined) continue
    text += `${text === '{' ? '' : ','}${JSON.stringify(name)}:${member}`
  }
  return `${text}}`
}

/** JSON text of a list. */
export function listText(items: readonly WireValue[]): JsonText {
  const texts = items.map((item) =>
    item instanceof Spliced ? item.toText() : JSON.stringify(item),
  )
  return `[${texts.join(',')}]`
}
