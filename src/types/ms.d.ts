// ms@3.0.0-canary.1 hides its types, which turns every Temporal Duration into `any`; this restores them.
declare module 'ms' {
  type Unit =
    'y' | 'yr' | 'w' | 'd' | 'day' | 'days' | 'h' | 'hour' | 'hours' | 'm' | 'min' | 'minute' | 'minutes';
  type SmallUnit = 's' | 'sec' | 'second' | 'seconds' | 'ms';
  export type StringValue = `${number}` | `${number}${Unit | SmallUnit}` | `${number} ${Unit | SmallUnit}`;
  export default function ms(value: StringValue): number;
}
