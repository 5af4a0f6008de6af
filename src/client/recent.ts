/** A map that forgets what was set longest ago. */
export class Recent<Value> {
  private readonly values = new Map<string, Value>();

  constructor(private readonly max: number) {}

  get(key: string): Value | undefined {
    return this.values.get(key);
  }

  set(key: string, value: Value): Value {
    this.values.delete(key);
    this.values.set(key, value);
    if (this.values.size > this.max) this.values.delete(this.values.keys().next().value!);
    return value;
  }

  /** The oldest first. */
  all(): Value[] {
    return [...this.values.values()];
  }

  delete(key: string): void {
    this.values.delete(key);
  }
}
