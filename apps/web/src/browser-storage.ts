// What this browser keeps for the page. One that blocks cookies throws at the mere look at `localStorage`.

export function kept(key: string): string | null {
  try {
    return localStorage.getItem(key)
  } catch (error) {
    console.warn('This browser keeps nothing for this page.', error)
    return null
  }
}

/** Whether it is kept. */
export function keep(key: string, text: string): boolean {
  try {
    localStorage.setItem(key, text)
    return true
  } catch (error) {
    console.warn('This browser keeps nothing for this page.', error)
    return false
  }
}
