// Stands in for react-custom-scrollbars-2, which measures the browser before it has drawn anything.
import { forwardRef, useImperativeHandle, useRef } from "react";

const Scrollbars = forwardRef(function Scrollbars({ children, style, onScroll }, ref) {
  const view = useRef(null);
  useImperativeHandle(ref, () => ({
    get view() {
      return view.current;
    },
    update() {},
    scrollTop(top) {
      view.current.scrollTop = top;
    },
  }));
  return (
    <div ref={view} onScroll={onScroll} style={{ width: "100%", height: "100%", overflow: "auto", scrollbarWidth: "thin", ...style }}>
      {children}
    </div>
  );
});

export { Scrollbars };
export default Scrollbars;
