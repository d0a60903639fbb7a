/** Where there is room the menu is always open; browsers that fold it anyway are told. */
export function wideMenu(): void {
  const fold = document.querySelector<HTMLDetailsElement>('[data-wide-open]')
  const isWide = matchMedia('(min-width: 64rem)')
  const apply = () => {
    if (fold) fold.open = isWide.matches
  }
  apply()
  isWide.addEventListener('change', apply)
}
