defmodule Cantilever.Responsiveness.MarkupTest do
  use ExUnit.Case, async: true

  alias Cantilever.Responsiveness.Markup

  describe "escape/1" do
    test "leaves nothing that opens a tag, an entity or an attribute" do
      assert Markup.escape(~s(<b a="1" c='2'>&amp;)) ==
               "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;amp;"

      assert Markup.escape("né 数\n\t") == "né 数\n\t"
    end

    test "replaces what XML cannot hold" do
      assert Markup.escape(<<"a", 0, 27, 255, "b", 0xFFFE::utf8>>) == "a\uFFFD\uFFFD\uFFFDb\uFFFD"
    end
  end
end
